"""A server that boots for the first time is still busy with its own packages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.remote.bootstrap import bootstrap_script
from tests.acceptance.world import World

pytestmark = pytest.mark.host


def test_a_bare_server_whose_first_boot_still_reads_the_index_is_waited_for(
    new_world: Callable[[str], World],
) -> None:
    world = new_world("faults-bare")
    host = world.host
    # there is no Python yet; the form of struct flock is that of 64-bit Linux
    lock = (
        "use Fcntl; open(F, '>>', '/var/lib/apt/lists/lock'); my $l = pack('s s x4 q q l x4', F_WRLCK, 0, 0, 0, 0);"
        " fcntl(F, F_SETLK, $l) or die; sleep 20"
    )
    host.exec(
        [
            "systemd-run",
            "--quiet",
            "--collect",
            "--expand-environment=no",
            "--unit=fault-index",
            "perl",
            "-e",
            lock,
        ]
    )
    world.wait_for("grep -q POSIX.*WRITE /proc/locks", 10)
    done = host.run("sh -s", input=bootstrap_script("deploy", ()), check=False)
    assert done.returncode == 0, done.stderr
    assert host.exec("systemctl is-active fault-index", check=False).stdout.strip() == "inactive"
    assert host.exec("/usr/bin/python3 -c 'import json'").returncode == 0
