"""Runs that are broken off, and the end: each on a host of its own."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest

from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host


def test_a_first_run_that_is_killed_and_one_that_loses_its_host_converge_and_destroy_leaves_nothing(
    new_world: Callable[[str], World],
) -> None:
    world = new_world("broken-off")
    found = _fingerprint(world)

    killed = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    world.wait_for("test -e /etc/apt/apt.conf.d/52dhanman-unattended-upgrades", 120)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()

    world.pulumi("cancel", "--stack", STACK, "--yes")
    rebooted = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    world.wait_for(
        "test -e /etc/rabbitmq/rabbitmq.conf -o -e /etc/postgresql/18/main/conf.d/dhanman.conf", 180
    )
    world.host.reboot()
    said, _ = rebooted.communicate(timeout=300)
    assert rebooted.returncode != 0, said

    world.up()
    assert "unchanged" in world.up("--expect-no-changes")
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
    assert world.run("find /etc /opt /usr/local /var/www -name '.*dhanman-*'") == ""
    assert world.run("ls /var/lib/dhanman/journals") == ""

    world.pulumi("destroy", "--stack", STACK, "--yes")
    left = _differences(found, _fingerprint(world))
    assert not left, "\n".join(left)


def _fingerprint(world: World) -> dict[str, set[str]]:
    commands = {
        "packages": "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' | grep ' installed$'",
        "users": "getent passwd | cut -d: -f1",
        "files": "find /etc /opt /usr/local /srv /var/www /var/lib/dhanman* -xdev 2>/dev/null",
        "units": "systemctl list-unit-files --state=enabled --no-legend | awk '{print $1}'",
        "ports": "ss -Htln | awk '{print $4}'",
    }
    return {name: set(world.host.exec(f"{c} || true").stdout.splitlines()) for name, c in commands.items()}


STAYS = {
    # the way in, and what hostctl itself runs on
    "packages": (
        "python3",
        "libpython3",
        "media-types",
        "netbase",
        "libffi8",
        "readline-common",
        "libreadline8",
    ),
    # system users of removed packages: Debian keeps them, so that a number is never given twice
    "users": ("deploy", "postgres", "rabbitmq", "epmd", "systemd-timesync", "_apt"),
    "units": ("netbase",),
    "ports": (),
}
# configuration that packages leave when they are removed and not purged, and the accounts' own files
STAYING_FILES = ("/etc/", "/usr/local/lib/python", "/var/www/html", "/var/www")
# what the last backups and drills said: whether a database may go is asked after the backups' unit has gone
REPORTS = re.compile(r"/var/lib/dhanman-backup-local(/\w+\.(json|prom|lock))?")


def _differences(before: dict[str, set[str]], after: dict[str, set[str]]) -> list[str]:
    found = [f"{name} lost: {x}" for name in before for x in sorted(before[name] - after[name])]
    for name in ("packages", "users", "units", "ports"):
        new = sorted(after[name] - before[name])
        found += [f"{name} new: {x}" for x in new if not x.startswith(STAYS[name])]
    new_files = sorted(after["files"] - before["files"])
    new_files = [f for f in new_files if not REPORTS.fullmatch(f)]
    ours = [f for f in new_files if "dhanman" in f and f != "/etc/sudoers.d/90-dhanman-deploy"]
    others = [f for f in new_files if not f.startswith(STAYING_FILES)]
    return [*found, *(f"file new: {f}" for f in dict.fromkeys([*ours, *others]))]
