"""What a host is configured by is kept every night, sealed, and comes back by one command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

UNIT = "dhanman-host-backup-local.service"
STATE = "/var/lib/dhanman-host-backup-local"
BROKER = "/etc/rabbitmq/rabbitmq.conf"
KEY = "/etc/dhanman/local/host-backup.key"


def back_up(world: World) -> dict[str, Any]:
    """Run the nightly unit; what it reports."""
    world.run(f"systemctl start {UNIT}")
    report: dict[str, Any] = json.loads(world.run(f"cat {STATE}/host.json"))
    return report


def newest(world: World, kind: str) -> str:
    return world.run(f"ls /backups/postgresql/local-local-{kind}_*.gpg | tail -1").strip()


def test_files_and_definitions_are_kept_and_copied_and_nobody_reads_them_without_the_passphrase(
    world: World,
) -> None:
    report = back_up(world)
    assert (report["result"], report["problems"]) == ("ok", [])
    assert report["archives"]["etc"]["entries"] > 100
    assert report["archives"]["definitions"]["entries"] > 3
    for kind in ("etc", "definitions"):
        archive = newest(world, kind)
        assert world.run(f"stat -c '%a %U' {archive}").strip() == "600 root"
        world.run(f"cd /backups/postgresql && sha256sum --check --quiet {archive}.sha256")
        world.run(f"cmp {archive} /srv/dhanman/backups/{archive.rpartition('/')[2]}")
    # by hand, with nothing of this project
    by_hand = f"gpg --batch --quiet --pinentry-mode loopback --passphrase-file {KEY} --decrypt"
    listed = world.run(f"{by_hand} {newest(world, 'etc')} | tar -tz")
    for path in ("etc/passwd", "etc/nginx/nginx.conf", "etc/dhanman/local/", "var/lib/dhanman/manifests/"):
        assert path in listed
    assert "var/lib/dhanman/uploads/" not in listed
    assert f"{STATE.lstrip('/')}/packages.txt" in listed
    shown = world.run(f"systemctl show {UNIT}; journalctl --quiet --output=cat --unit={UNIT}")
    assert world.run(f"cat {KEY}").strip() not in shown


def test_a_file_that_was_lost_comes_back_with_its_mode_and_owner_and_what_was_there_is_kept(
    world: World,
) -> None:
    back_up(world)
    before = world.run(f"stat -c '%a %U %G' {BROKER}; sha256sum {BROKER}")
    world.run(f"echo '# by hand' > {BROKER} && chmod 600 {BROKER} && chown root {BROKER}")
    said = world.run(f"dhanman-restore etc restore {BROKER}")
    assert world.run(f"stat -c '%a %U %G' {BROKER}; sha256sum {BROKER}") == before
    kept = said.partition("kept: ")[2].split()[0]
    assert world.run(f"cat {kept}{BROKER}") == "# by hand\n"
    world.run(f"rm -r {kept} {STATE}/before-* 2>/dev/null; true")
    assert world.drift() == []


def test_a_whole_etc_is_unpacked_beside_and_never_put_in_place(world: World) -> None:
    world.run("dhanman-host-backup etc extract --to /root/unpacked")
    try:
        world.run("cmp /root/unpacked/etc/hostname /etc/hostname")
        assert world.run("stat -c %a /root/unpacked/etc/shadow") == world.run("stat -c %a /etc/shadow")
    finally:
        world.run("rm -rf /root/unpacked")
    refused = world.host.run(["dhanman-host-backup", "etc", "restore", "/etc"], check=False)
    assert refused.returncode == 1
    assert "extract it into a folder" in refused.stderr


def test_a_user_of_the_broker_that_was_deleted_comes_back_with_its_password(world: World) -> None:
    world.run("rabbitmqctl --quiet add_user tester fake-password")
    world.run("rabbitmqctl --quiet set_permissions -p local tester '' '' ''")
    try:
        back_up(world)
        world.run("rabbitmqctl --quiet delete_user tester")
        assert "tester" in world.run("dhanman-restore definitions list")
        world.run("dhanman-restore definitions restore")
        world.run("rabbitmqctl --quiet authenticate_user tester fake-password")
        assert "tester" in world.run("rabbitmqctl --quiet list_permissions -p local")
    finally:
        world.run("rabbitmqctl --quiet delete_user tester; true")
    assert world.drift() == []
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
