"""The doctor on a host of its own: bare, healthy, broken in many ways, and out of reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

from doctor.__main__ import main
from doctor.examination import examine
from doctor.findings import Finding, Level, failed
from doctor.pulumi_cli import Cli
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

Findings = tuple[Finding, ...]

# the host breaks in these ways at the same time; each is undone by its second command
BREAKS = {
    "a listener that nobody declared": (
        "systemd-run --quiet --unit=stray /usr/bin/python3 -m http.server 8080 --bind 0.0.0.0",
        "systemctl stop stray",
    ),
    "no firewall": ("nft delete table inet dhanman", "true"),
    "a failed unit": (
        "systemd-run --quiet --wait --unit=broken false || true",
        "systemctl reset-failed broken.service",
    ),
    "a stopped service": ("systemctl stop dhanman-sales-local.service", "true"),
    "a full filesystem": (
        "mount -t tmpfs -o size=4m,mode=0755 tmpfs /opt && head -c 4100000 /dev/zero >/opt/full",
        "umount --lazy /opt",
    ),
    "a wish for a reboot": ("touch /run/reboot-required", "rm /run/reboot-required"),
    "a run that was broken off": (
        "echo '{}' >/var/lib/dhanman/journals/runtime-local.json",
        "rm /var/lib/dhanman/journals/runtime-local.json",
    ),
    "no gateway": ("systemctl stop nginx", "systemctl start nginx"),
}


def cli_of(world: World) -> Cli:
    return Cli(program=world.cli, project=world.project, environment=world.environment)


def look(world: World, *, clock: Callable[[], float] = time.time) -> Findings:
    groups = examine(cli_of(world), STACK, clock=clock)
    return tuple(finding for group in groups for finding in group.findings)


def of(level: Level, findings: Iterable[Finding]) -> str:
    return "\n".join(f"{f.subject}: {f.text}" for f in findings if f.level is level)


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """The host that others had, after the watch over its archive has seen that all is well again."""
    shared_world.run("systemctl start dhanman-pgbackrest-local@watch.service")
    return shared_world


def test_a_bare_server_answers_and_is_said_to_be_not_set_up(new_world: Callable[[str], World]) -> None:
    bare = look(new_world("doctor"))
    warned = of(Level.WARN, bare)
    assert "local set up: not yet: it lets in root and not deploy" in warned
    assert "local hostctl: not installed" in warned
    assert "local ports: 443 is closed: nothing was set up here yet" in warned
    assert of(Level.FAIL, bare) == ""


def test_nothing_is_wrong_with_a_healthy_host_and_one_connection_is_enough_to_tell(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = world.connections()
    status = main([STACK], cli_of(world))
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "0 fail" in printed.splitlines()[-1]
    assert world.connections() == before + 1
    for line in ("local sudo", "local drift", "local disk /", "certificate sales.dhanman.test", "pulumi cli"):
        assert f"ok    {line}" in printed
    assert not [secret for secret in world.secrets().values() if secret in printed]


def test_distance_alone_is_nothing_wrong(world: World) -> None:
    world.host.latency(180)
    try:
        found = look(world)
    finally:
        world.host.latency(0)
    assert of(Level.FAIL, found) == of(Level.WARN, found) == ""


def test_everything_that_is_broken_is_named_and_up_brings_back_the_rest(world: World) -> None:
    try:
        for command, _undo in BREAKS.values():
            world.run(command)
        found = look(world, clock=lambda: time.time() + 45)
    finally:
        for _command, undo in reversed(BREAKS.values()):
            world.run(undo, check=False)
    fails, warnings = of(Level.FAIL, found), of(Level.WARN, found)
    assert "local ports: 8080 is open from here (python3), and nothing declares it" in fails
    assert "local ports: 443 is closed from here, and nothing listens there" in fails
    assert "certificate sales.dhanman.test: port 443 of" in fails
    assert "local disk /opt: 2% free (0 MiB of 4 MiB)" in fails
    assert "local clock: 45.0 s behind this machine's" in fails
    assert "local systemd: failed: broken.service" in warnings
    assert "local reboot: the host asks for one" in warnings
    assert "local units: a run is under way, or was broken off: runtime-local" in warnings
    assert "local drift:" in warnings
    assert all(finding.remedy for finding in found if finding.level is not Level.OK)

    world.up()
    assert of(Level.FAIL, look(world)) == ""


def test_a_host_that_is_cut_off_is_told_within_seconds(world: World) -> None:
    world.host.cut()
    try:
        start = time.monotonic()
        groups = examine(cli_of(world), STACK)
        took = time.monotonic() - start
    finally:
        world.host.mend()
    assert failed(groups)
    assert "local reachable: no answer from" in of(Level.FAIL, groups[0].findings)
    assert took < 30
