"""Two runs at once on one unit of one host."""

from __future__ import annotations

import subprocess

import pytest

from components.unit import CommandCheck, File, Unit
from tests.acceptance.world import World

pytestmark = pytest.mark.host

HOSTCTL = "/usr/local/lib/dhanman/hostctl"
GO = "/run/two-at-once-may-go-on"


def _unit(content: str) -> str:
    return Unit(
        name="two-at-once",
        things=(File(path="/etc/dhanman/two-at-once", content=content),),
        checks=(CommandCheck(argv=("test", "-e", GO), title="the test lets it go on"),),
    ).serialize()


def _start(world: World, verb: str, document: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*world.host.ssh_command(), f"{HOSTCTL} {verb}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(document)
    process.stdin.close()
    process.stdin = None
    return process


def test_the_second_of_two_runs_waits_for_the_first_and_both_end_well(world: World) -> None:
    document = _unit("first\n")
    try:
        first = _start(world, "apply", document)
        world.wait_for("grep -q first /etc/dhanman/two-at-once", 20)
        second = _start(world, "apply", _unit("second\n"))
        # /proc/locks marks a process that waits for a lock with an arrow
        world.wait_for("grep -q -e '-> FLOCK' /proc/locks", 20)
        assert world.run("cat /etc/dhanman/two-at-once") == "first\n"
        assert second.poll() is None
        world.run(f"touch {GO}")
        said, also = first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]
        assert (first.returncode, second.returncode) == (0, 0), said + also
        assert world.run("cat /etc/dhanman/two-at-once") == "second\n"
    finally:
        world.run(f"touch {GO}")
        world.host.run(f"{HOSTCTL} delete", input=document, check=False)
        world.run(f"rm -f {GO}")
    assert world.host.run("test -e /etc/dhanman/two-at-once", check=False).returncode == 1
