"""A unit kept in its middle until the test lets it go on: no fault is injected by chance or by the clock."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.acceptance.world import STACK, World

REACHED, GO = "/run/fault-reached", "/run/fault-go"
PROGRAM, ASIDE, WRAPPER = "/usr/sbin/nginx", "/usr/lib/fault-nginx", "/usr/lib/fault-wrapper"
JOURNAL = "/var/lib/dhanman/journals/gateway-local.json"
"""The journal of the unit that is held."""

# laid over the program itself: a drop-in would be drift, which the run repairs
_HOLD = f"""#!/bin/sh
case "$*" in *"-s reload"*) touch {REACHED}; until test -e {GO}; do sleep 0.1; done;; esac
exec {ASIDE} "$@"
"""


def body_size(mebibytes: int) -> dict[str, Any]:
    """Settings that change one unit, by one reload of NGINX."""
    return {"gateway": {"clientMaxBodySize": f"{mebibytes}MiB"}}


def served_body_size(world: World) -> int:
    """The limit in MiB that NGINX's files give, in bytes there."""
    dumped = world.host.exec("nginx -T 2>/dev/null | grep -m 1 -o 'client_max_body_size [0-9]*'").stdout
    return int(dumped.split()[1]) // 1024**2


def start_up(world: World) -> subprocess.Popen[str]:
    """``pulumi up`` in a process group of its own; the caller waits for its end."""
    return world.start("up", "--stack", STACK, "--yes", "--skip-preview")


def let_go(world: World) -> None:
    """NGINX's reload goes on."""
    world.host.exec(f"touch {GO}")


def forget(world: World) -> None:
    """From now on NGINX's reload is what it was."""
    world.host.exec(f"touch {GO}; rm -f {REACHED}; ! mountpoint -q {PROGRAM} || umount --lazy {PROGRAM}")


@contextmanager
def held(world: World, settings: Mapping[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """A run with ``settings`` that stands in the middle of unit ``gateway-local``: files swapped, reload not ended."""
    world.host.exec(f"rm -f {REACHED} {GO}; cat > {WRAPPER}", input=_HOLD)
    world.host.exec(f"chmod 755 {WRAPPER} && cp {PROGRAM} {ASIDE} && mount --bind {WRAPPER} {PROGRAM}")
    world.configure(settings)
    run = start_up(world)
    try:
        world.wait_for(f"test -e {REACHED} -a -e {JOURNAL}", 60)
        yield run
    finally:
        forget(world)
        if run.poll() is None:
            run.kill()
            run.wait()
