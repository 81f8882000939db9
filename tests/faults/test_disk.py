"""No room on the host: neither blocks nor inodes.

A small file system of its own is laid over one folder and filled up. The error comes from the kernel, at the very
call that would fail on a full disk. What this does not show: a full disk under everything at once, where PostgreSQL
and RabbitMQ stop by themselves, with or without a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, assert_nothing_half_done, assert_serves, assert_tells
from tests.faults.hold import body_size, served_body_size

pytestmark = pytest.mark.host

ROOM = "next: make room on the host (df -h, df -i)"
BACK = "now: the previous state was put back"
WHERE = "where: unit gateway-local on"
COPY = "/run/fault-disk"


@contextmanager
def full(world: World, folder: str, *, inodes: bool = False, spare: int = 0) -> Iterator[None]:
    """With ``folder`` on a file system that has no block left (but for ``spare`` KiB), or no inode."""
    limit = (
        f"nr_inodes=$(df --output=iused {COPY} | tail -1)"
        if inodes
        else f"size=$(($(df --output=used -k {COPY} | tail -1) + {spare}))k"
    )
    world.host.exec(
        f"mkdir -p {COPY} && mount -t tmpfs -o mode=$(stat -c %a {folder}) none {COPY}"
        f" && cp -a {folder}/. {COPY}/ && limit=$(echo {limit} | tr -d ' ') && mount -o remount,$limit {COPY}"
        f" && mount --bind {COPY} {folder} && umount {COPY}"
    )
    try:
        yield
    finally:
        world.host.exec(f"umount --lazy {folder}")


@pytest.mark.parametrize(
    "inodes", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["blocks", "inodes"]
)
def test_a_file_that_finds_no_room_fails_its_unit_and_the_old_one_stays(world: World, inodes: bool) -> None:
    before = served_body_size(world)
    with full(world, "/etc/nginx", inodes=inodes):
        world.configure(body_size(51))
        said = world.up(check=False)
        path = "/etc/nginx/sites-available/dhanman-local"
        assert_tells(said, "gateway-nginx", f"error: {path}: No space left on device", ROOM, BACK, WHERE)
        assert served_body_size(world) == before
        assert_nothing_half_done(world)
        assert_serves(world)
    assert_converges(world)
    assert served_body_size(world) == 51


@pytest.mark.slow
def test_files_that_were_swapped_before_the_room_ended_are_put_back(world: World) -> None:
    before = world.host.exec("cat /etc/nginx/conf.d/dhanman.conf /etc/nginx/sites-available/dhanman-local")
    # two files change, and the second one grows
    settings = {
        "gateway": {"rateLimit": {"perSecond": 11}, "snippets": {"server": "\n".join(["# room"] * 4000)}}
    }
    with full(world, "/etc/nginx", spare=8):
        world.configure(settings)
        said = world.up(check=False)
        assert_tells(
            said, "file:/etc/nginx/conf.d/dhanman.conf: content", "No space left on device", ROOM, BACK
        )
        now = world.host.exec("cat /etc/nginx/conf.d/dhanman.conf /etc/nginx/sites-available/dhanman-local")
        assert now.stdout == before.stdout
        assert_nothing_half_done(world)
        assert_serves(world)
    assert_converges(world)


@pytest.mark.slow
def test_a_memory_that_finds_no_room_stops_the_unit_before_anything_is_changed(world: World) -> None:
    before = served_body_size(world)
    with full(world, "/var/lib/dhanman"):
        world.configure(body_size(52))
        said = world.up(check=False)
        journal = "/var/lib/dhanman/journals/gateway-local.json"
        assert_tells(said, f"error: {journal}: No space left on device", ROOM, BACK)
        assert served_body_size(world) == before
        assert_nothing_half_done(world)
        assert_serves(world)
    assert_converges(world)
    assert served_body_size(world) == 52


def test_a_release_that_finds_no_room_is_not_blamed_on_the_artifact_and_the_old_one_serves(
    world: World,
) -> None:
    releases = "/opt/dhanman/local/sales/releases"
    with full(world, releases):
        world.configure({"services": {"sales": {"version": "1.0.51"}}})
        said = world.up(check=False)
        assert_tells(
            said, "sales-service", f"error: {releases}/1.0.51: not enough room: it takes", ROOM, BACK
        )
        assert_nothing_half_done(world)
        assert_serves(world)
    assert_converges(world)
    assert "1.0.51" in world.host.exec("readlink -f /var/www/local/dhanman-sales").stdout
