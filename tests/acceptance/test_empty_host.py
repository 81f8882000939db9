"""The disaster: the host is gone, and with it everything but the bucket, the settings and Pulumi's state.

One command brings a bare host to the environment, one more brings the data back. What it took is printed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

import testbed
from scripts.steps import Steps
from tests.acceptance.backups import SQL, first_backups, info, sql, use_bucket
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.object_store import ObjectStore, program
from tests.acceptance.template import SUITE
from tests.acceptance.world import World
from tests.waiting import until

pytestmark = [pytest.mark.host, pytest.mark.slow]

LONGEST_LOSS = 60.0
"""Seconds of work that the loss of the host may cost."""
LONGEST_WAY_BACK = 600.0
"""Seconds from the first command until services serve the old data, for the little data that there is here."""
MIB = int(os.environ.get("DHANMAN_TEST_MIB", "64"))
"""How much data there is; more, where the time per GB is to be measured."""
ROWS = f"""CREATE TABLE invoices (id int PRIMARY KEY, text text);
INSERT INTO invoices SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, {MIB * 1000}) n"""
SUM = "SELECT count(*) || ' ' || sum(hashtext(id || text)) FROM invoices"


@dataclass(frozen=True, kw_only=True)
class Rescued:
    """The new host. ``rows``: what was in the lost one. ``loss``, ``up``, ``restore``: seconds. ``said``: by both."""

    world: World
    rows: str
    loss: float
    up: float
    restore: float
    said: str
    up_said: str


@pytest.fixture(scope="module")
def rescued(converged_world: ConvergedWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rescued]:
    lost = converged_world("lost")
    folder = tmp_path_factory.mktemp("s3")
    store = ObjectStore(folder, lost.host.address.rpartition(".")[0] + ".1", program(Steps(folder / "logs")))
    store.make()
    store.known_to(lost.host)
    store.start()
    try:
        use_bucket(lost, store.settings())
        lost.up()
        first_backups(lost)
        rows = _work(lost)
        with testbed.up("rescue", suite=SUITE) as bare:
            yield _rescue(lost, store, bare, rows, tmp_path_factory)
    finally:
        store.stop()


def _work(world: World) -> str:
    """Data, of which a part is in no backup but in the archive alone; what it adds up to."""
    sql(world, ROWS)
    segment = sql(world, "SELECT pg_walfile_name(pg_current_wal_lsn())")
    until(lambda: str(info(world, 2)["archive"][-1]["max"]) >= segment, 300)
    return sql(world, SUM)


def _rescue(
    lost: World, store: ObjectStore, bare: testbed.Host, rows: str, folders: pytest.TempPathFactory
) -> Rescued:
    store.known_to(bare)
    died = float(lost.host.run(f"{SQL} postgres -c 'SELECT extract(epoch FROM clock_timestamp())'").stdout)
    lost.host.down()
    # the same settings, state and passphrase; address and key of the host are other ones
    world = World.copy(lost.project.parent, folders.mktemp("rescue"), bare)
    (world.project / ".local/ca.crt").unlink(missing_ok=True)
    start = time.monotonic()
    up_said = world.up()
    came_up = time.monotonic()
    said = world.run("dhanman-restore cluster --to latest")
    until(lambda: world.ask("https://sales.dhanman.test/health/ready").status == 200, 60)
    back = time.monotonic()
    size = int(sql(world, "SELECT sum(pg_database_size(oid)) FROM pg_database")) / 2**20
    beat = datetime.fromisoformat(said.partition("last heartbeat in it is of ")[2].split(": ")[0]).timestamp()
    made = Rescued(
        world=world, rows=rows, loss=died - beat, up=came_up - start, restore=back - came_up,
        said=said, up_said=up_said,
    )  # fmt: skip
    print(f"{size:.0f} MiB: lost {made.loss:.1f} s; up {made.up:.0f} s, restore {made.restore:.0f} s\n{said}")
    return made


def test_the_data_of_the_lost_host_is_served(rescued: Rescued) -> None:
    assert sql(rescued.world, SUM) == rescued.rows
    for service in ("sales", "payroll", "common"):
        assert rescued.world.ask(f"https://{service}.dhanman.test/health/ready").status == 200


def test_what_the_loss_cost_is_at_most_a_minute_and_the_way_back_is_bounded(rescued: Rescued) -> None:
    assert 0 <= rescued.loss <= LONGEST_LOSS
    assert rescued.up + rescued.restore <= LONGEST_WAY_BACK
    assert "dhanman-restore cluster" in rescued.up_said


def test_the_next_up_makes_the_repositories_the_restored_cluster_s_own(rescued: Rescued) -> None:
    world = rescued.world
    world.up()
    until(
        lambda: world.run("systemctl is-active dhanman-pgbackrest-local@full; true").strip() == "inactive",
        180,
    )
    assert world.drift() == []
    system = sql(world, "SELECT system_identifier FROM pg_control_system()")
    for repository in (1, 2):
        held = info(world, repository)
        assert str(held["db"][-1]["system-id"]) == system
        assert held["backup"][-1]["archive"]["start"][:8] == "00000002"
    segment = sql(world, "SELECT pg_walfile_name(pg_switch_wal())")
    until(lambda: str(info(world, 2)["archive"][-1]["max"]) >= segment, 120)
    world.run("systemctl start dhanman-pgbackrest-local@watch")
    assert "unchanged" in world.up("--expect-no-changes")


def test_what_was_empty_is_kept_until_it_is_dropped(rescued: Rescued) -> None:
    kept = rescued.said.partition("kept: ")[2].split()[0]
    assert rescued.world.run(f"cat {kept}/PG_VERSION").strip() == "18"
    rescued.world.run(f"dhanman-restore drop {kept.rpartition('/')[2]}")
    assert "nothing" in rescued.world.run("dhanman-restore list | tail -1")
