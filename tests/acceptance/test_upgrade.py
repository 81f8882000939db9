"""Another major version of PostgreSQL: refused unless it is asked for, tried before, taken back, and done.

The pair is 15 and 18: the newest that one test host gets from Debian's own archives in minor releases that fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.backups import DATABASE, info, sql
from tests.acceptance.world import World
from tests.waiting import until

pytestmark = [pytest.mark.host, pytest.mark.slow]

OLD, NEW = 15, 18
SOURCES = r"""
sed -n 's/^\(deb [^ ]*\) forky main/\1 bookworm main/p' /etc/apt/sources.list > /etc/apt/sources.list.d/bookworm.list
cat > /etc/apt/preferences.d/bookworm <<'END'
Package: *
Pin: release n=bookworm
Pin-Priority: 100
END
apt-get -qq update
"""
HEALTHY = ("sales", "payroll", "common")


def wanted(version: int, alongside: int | None = None) -> dict[str, Any]:
    both = {"alongside": alongside} if alongside else {}
    return {"postgres": {"version": version, "source": "distribution", **both}}


@pytest.fixture(scope="module")
def world(new_world: Callable[[str], World]) -> World:
    """An environment on the old version, with its first backup."""
    made = new_world("upgrade")
    made.run(SOURCES)
    made.configure(wanted(OLD))
    made.up()
    until(lambda: bool(info(made, 1)["backup"]), 180)
    sql(made, "CREATE TABLE invoices (n int); INSERT INTO invoices SELECT generate_series(1, 1000)")
    return made


def versions(world: World) -> dict[str, str]:
    """Each cluster with its state."""
    rows = [line.split() for line in world.run("pg_lsclusters --no-header").splitlines()]
    return {row[0]: row[3] for row in rows}


def serves(world: World, version: int, rows: int) -> None:
    assert sql(world, "SHOW server_version_num")[:2] == str(version)
    assert sql(world, "SELECT count(*) FROM invoices") == str(rows)
    for service in HEALTHY:
        assert world.ask(f"https://{service}.dhanman.test/health/ready").status == 200


def backed_up(world: World, version: int) -> None:
    """A full backup of this version's cluster is there, and WAL follows."""

    def done() -> bool:
        held = info(world, 1)
        current = held["db"][-1]
        return current["version"] == str(version) and any(
            b["database"]["id"] == current["id"] for b in held["backup"]
        )

    until(done, 180)
    state = "systemctl is-active dhanman-pgbackrest-local@full; true"
    until(lambda: world.run(state).strip() == "inactive", 120)


def test_another_version_in_the_settings_alone_is_refused_and_nothing_changes(world: World) -> None:
    world.configure(wanted(NEW))
    said = world.up(check=False)
    assert f"the databases are in {OLD}/main: PostgreSQL {NEW} would begin with an empty cluster" in said
    assert "now: the previous state was put back" in said
    assert versions(world) == {str(OLD): "online"}
    serves(world, OLD, 1000)


def test_the_programs_come_beside_those_that_serve_and_no_cluster_is_made(world: World) -> None:
    world.configure(wanted(OLD, NEW))
    world.up()
    assert versions(world) == {str(OLD): "online"}
    assert (
        world.run("dhanman-upgrade check 18").splitlines()[-1]
        == "an upgrade would go well; nothing was changed"
    )
    assert versions(world) == {str(OLD): "online"}
    serves(world, OLD, 1000)


def test_a_new_cluster_that_does_not_start_is_taken_back_by_itself(world: World) -> None:
    # a setting that the new version does not know any more
    broken = f"/etc/postgresql/{OLD}/main/conf.d/broken.conf"
    world.run(f"echo \"promote_trigger_file = ''\" > {broken}; chown postgres {broken}")
    done = world.host.run(["dhanman-upgrade", "run", str(NEW)], check=False)
    world.run(f"rm {broken}")
    assert done.returncode == 1
    assert f"going back to {OLD}/main: nothing was lost" in done.stdout
    assert f"error: {NEW}/main does not start" in done.stderr
    assert versions(world) == {str(OLD): "online"}
    serves(world, OLD, 1000)
    assert world.drift() == []


def test_the_upgrade_keeps_every_row_and_the_next_up_takes_it_over(world: World) -> None:
    said = world.run(f"dhanman-upgrade run {NEW}")
    print(said)
    assert "tables have as many rows as before" in said
    assert versions(world) == {str(OLD): "down", str(NEW): "online"}
    serves(world, NEW, 1000)
    backed_up(world, NEW)
    # settings that still say the old version must not bring it back
    refused = world.up(check=False)
    assert f"the databases are in {NEW}/main" in refused
    serves(world, NEW, 1000)
    world.configure(wanted(NEW, OLD))
    world.up()
    assert versions(world) == {str(OLD): "down", str(NEW): "online"}
    serves(world, NEW, 1000)
    assert world.drift() == []
    assert "unchanged" in world.up("--expect-no-changes")


def test_the_way_back_loses_what_was_written_since_and_says_so(world: World) -> None:
    sql(world, "INSERT INTO invoices VALUES (1001)")
    refused = world.host.run(["dhanman-upgrade", "rollback"], check=False)
    assert refused.returncode == 1
    assert f"is in {NEW}/main alone" in refused.stderr
    serves(world, NEW, 1001)
    world.run("dhanman-upgrade rollback --lose-changes")
    serves(world, OLD, 1000)
    assert versions(world) == {str(OLD): "online", str(NEW): "down"}
    backed_up(world, OLD)
    world.configure(wanted(OLD, NEW))
    world.up()
    assert world.drift() == []
    world.run(f"dhanman-upgrade drop {NEW}")
    assert versions(world) == {str(OLD): "online"}


def test_after_the_reboot_the_upgraded_cluster_serves_and_the_old_one_can_go(world: World) -> None:
    world.run(f"dhanman-upgrade run {NEW}")
    world.configure(wanted(NEW, OLD))
    world.up()
    world.host.reboot()
    until(lambda: versions(world).get(str(NEW)) == "online", 60)
    assert versions(world) == {str(OLD): "down", str(NEW): "online"}
    assert world.host.run(["dhanman-upgrade", "drop", str(NEW)], check=False).returncode == 1
    world.run(f"dhanman-upgrade drop {OLD}")
    world.configure(wanted(NEW))
    world.up()
    assert versions(world) == {str(NEW): "online"}
    assert sql(world, "SELECT count(*) FROM invoices", DATABASE) == "1000"
    assert world.drift() == []
