"""Any second can be had back: from the bucket, from local disk, and when something is broken it is said.

One host and one S3 server for all of it; each test leaves both as it found them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.steps import Steps
from tests.acceptance.backups import (
    DATABASE,
    PGBACKREST,
    SQL,
    STATE,
    first_backups,
    info,
    sql,
    use_bucket,
)
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.object_store import ObjectStore, program
from tests.acceptance.world import World
from tests.faults.test_disk import full
from tests.waiting import until

pytestmark = pytest.mark.host

REPOSITORY = "/backups/pgbackrest"
CONFIGURATION = "/etc/pgbackrest/pgbackrest.conf"
LONGEST_LOSS = 60.0
"""Seconds of work that the loss of the host may cost."""
HASTY = "/run/backupctl.json"
"""A configuration by which an archive that stands still for 10 s counts as broken, so that a test need not wait."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[ObjectStore]:
    gateway = world.host.address.rpartition(".")[0] + ".1"
    folder = tmp_path_factory.mktemp("s3")
    made = ObjectStore(folder, gateway, program(Steps(folder / "logs")))
    made.make()
    made.known_to(world.host)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld) -> World:
    return converged_world("backups")


@pytest.fixture(scope="module", autouse=True)
def environment(world: World, store: ObjectStore) -> None:
    """An environment whose backups go to the S3 server, with the first one in each repository."""
    use_bucket(world, store.settings())
    world.up()
    first_backups(world)
    world.run("systemctl start dhanman-pgbackrest-local@watch")
    hasty = (
        f'sed \'s/"archive_limit": [0-9]*/"archive_limit": 10/\' /etc/dhanman/local/backupctl.json > {HASTY}'
    )
    world.run(f"{hasty} && chmod 644 {HASTY}")


def newest_wal(world: World, repository: int) -> str:
    archives = info(world, repository)["archive"]
    return str(archives[-1]["max"])


def clock(world: World) -> str:
    text = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')"
    return sql(world, text)


def work(world: World, what: str, *, hasty: bool = False) -> tuple[bool, str]:
    """Whether ``dhanman-backup WHAT`` succeeded, and what it said; as its unit runs it."""
    configuration = HASTY if hasty else "/etc/dhanman/local/backupctl.json"
    code = (
        "import sys; sys.path.insert(0, '/usr/local/lib/dhanman-backup'); from backupctl.__main__ import backup;"
        f" sys.exit(backup('{configuration}', ['{what}']))"
    )
    done = world.host.run(["runuser", "-u", "postgres", "--", "python3", "-Ic", code], check=False)
    return done.returncode == 0, done.stdout + done.stderr


def problems(world: World) -> str:
    report = json.loads(world.run(f"cat {STATE}/physical.json"))
    assert (report["result"] == "ok") is (report["problems"] == [])
    return "\n".join(report["problems"])


def test_a_second_up_changes_nothing_and_the_host_is_as_it_was_applied(world: World) -> None:
    assert "unchanged" in world.up("--expect-no-changes")
    assert world.drift() == []


def test_what_the_loss_of_the_host_costs_is_at_most_a_minute(world: World) -> None:
    # it dies at a moment that the archiving does not know of, and nothing but the bucket is left
    died = float(sql(world, "SELECT extract(epoch FROM clock_timestamp())"))
    world.run("systemctl kill --signal=KILL postgresql@18-main; systemctl stop postgresql@18-main")
    scratch = "/var/lib/postgresql/18/lost"
    control = f"runuser -u postgres -- /usr/lib/postgresql/18/bin/pg_ctl -D {scratch}"
    access = "local all postgres peer"
    options = f"-c config_file={scratch}/lost.conf -p 5998 -k {scratch} -c listen_addresses="
    options += " -c archive_mode=off -c hot_standby=off"
    try:
        world.run(f"install -d -m 700 -o postgres -g postgres {scratch}")
        bucket_alone = f"--repo=2 --pg1-path={scratch} --spool-path={scratch}.spool"
        fetch = f'restore_command=pgbackrest --stanza=local {bucket_alone} archive-get %f "%p"'
        world.run(f"{PGBACKREST} {bucket_alone} --recovery-option='{fetch}' restore")
        conf = f"hba_file = '{scratch}/lost.hba'"
        world.run(f"echo \"{conf}\" > {scratch}/lost.conf; echo '{access}' > {scratch}/lost.hba")
        world.run(f"{control} -w -t 120 -l /dev/null -o '{options}' start")
        ask = f"{SQL} -h {scratch} -p 5998 postgres -c"
        until(lambda: world.run(f'{ask} "SELECT pg_is_in_recovery()"', check=False).strip() == "f", 60)
        beat = float(world.run(f'{ask} "SELECT extract(epoch FROM beat) FROM dhanman.heartbeat"'))
    finally:
        world.run(
            f"{control} -m immediate stop; rm -rf {scratch} {scratch}.spool; systemctl start postgresql@18-main",
            check=False,
        )
    print(f"lost: {died - beat:.1f} s")
    assert 0 <= died - beat <= LONGEST_LOSS


def test_everything_comes_back_exact_to_the_time_and_what_was_replaced_is_kept(world: World) -> None:
    sql(world, "CREATE TABLE ticks (n int); INSERT INTO ticks VALUES (1)")
    moment = clock(world)
    sql(world, "INSERT INTO ticks VALUES (2)")
    sql(world, 'DROP DATABASE "local-dhanman-payroll" WITH (FORCE)', "postgres")
    said = world.run(f"dhanman-restore cluster --to {moment}")
    assert sql(world, "SELECT string_agg(n::text, ',') FROM ticks") == "1"
    assert world.ask("https://payroll.dhanman.test/health/ready").status == 200
    kept = said.partition("kept: ")[2].split()[0]
    assert world.run(f"cat {kept}/PG_VERSION").strip() == "18"
    world.run(f"dhanman-restore drop {kept.rpartition('/')[2]}")
    assert world.host.run(["test", "-e", kept], check=False).returncode != 0
    # the archive goes on from there, in both repositories
    until(lambda: newest_wal(world, 1) == newest_wal(world, 2) > "00000002", 60)
    until(
        lambda: world.run("systemctl is-active dhanman-pgbackrest-local@full; true").strip() == "inactive",
        120,
    )
    assert world.drift() == []


@pytest.mark.slow
def test_a_time_that_the_archive_does_not_reach_leaves_what_was_there(world: World) -> None:
    before = sql(world, "CREATE TABLE late (n int); INSERT INTO late VALUES (1) RETURNING n")
    # nothing is committed after it, so no replay can tell that it was reached
    world.run("systemctl stop dhanman-heartbeat-local")
    moment = clock(world)
    world.run("systemctl stop postgresql@18-main")
    try:
        done = world.host.run(["dhanman-restore", "cluster", "--to", moment], check=False)
    finally:
        world.run("systemctl start dhanman-heartbeat-local")
    assert done.returncode == 1
    assert "error: the archive ends before the time that was asked for" in done.stderr
    assert "next: name an earlier time" in done.stderr
    assert sql(world, "SELECT n FROM late; DROP TABLE late") == before
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
    assert "nothing" in world.run("dhanman-restore list | tail -1")


def test_a_drill_restores_from_the_bucket_and_measures_what_a_loss_costs(world: World) -> None:
    done, said = work(world, "drill")
    assert done, said
    report = json.loads(world.run(f"cat {STATE}/drill.json"))
    assert (report["result"], report["problems"]) == ("ok", [])
    assert "dhanman-backups" in report["repository"]
    assert report["rpo_seconds"] <= LONGEST_LOSS
    assert report["databases"][DATABASE] == {"tables": 1, "rows": 1, "wrong": 0}
    metrics = world.run(f"cat {STATE}/drill.prom").splitlines()
    assert f"dhanman_backup_drill_rto_seconds {report['rto_seconds']}" in metrics
    assert "dhanman-drill" not in world.run("ls /var/lib/postgresql/18")


@contextmanager
def changed(path: Path, content: bytes | None) -> Iterator[None]:
    """An object of the bucket with other content, or gone."""
    before = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


@pytest.mark.slow
def test_a_flipped_byte_in_the_bucket_is_found(world: World, store: ObjectStore) -> None:
    label = info(world, 2)["backup"][-1]["label"]
    bundle = max((store.objects / "postgresql/pgbackrest/backup/local" / label).rglob("*"), key=_size)
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    with changed(bundle, bytes(content)):
        done, said = work(world, "verify")
        assert not done
        assert "repository 2: what is stored is damaged" in said
        assert "the last verify failed" in problems(world)
    done, said = work(world, "verify")
    assert done, said
    assert problems(world) == ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


@pytest.mark.slow
def test_wal_that_is_missing_is_named(world: World, store: ObjectStore) -> None:
    folder = store.objects / "postgresql/pgbackrest/archive/local"
    segments = sorted(path for path in folder.rglob("*-*") if path.is_file())
    newest = max(segments, key=lambda path: path.name)
    (missing,) = [path for path in segments if path.name > newest.name[:8]][-2:-1]
    with changed(missing, None):
        done, said = work(world, "verify")
        assert not done
        assert f"WAL is missing: {missing.name[:24]} to {missing.name[:24]}" in said
    assert work(world, "verify")[0]


@pytest.mark.slow
def test_another_passphrase_is_told_and_the_next_up_puts_it_right(world: World) -> None:
    world.run(f"sed -i 's/cipher-pass=./cipher-pass=_/' {CONFIGURATION}")
    done, said = work(world, "watch")
    assert not done
    assert "repository 1: what it holds can't be read: another passphrase" in said
    done, said = work(world, "full")
    assert not done
    assert [text for text in world.drift() if CONFIGURATION in text]
    world.up()
    assert work(world, "full")[0]
    assert problems(world) == ""


@pytest.mark.slow
def test_a_bucket_that_cannot_be_reached_is_told_the_local_archive_goes_on_and_nothing_is_lost(
    world: World, store: ObjectStore
) -> None:
    before = newest_wal(world, 2)
    store.stop()
    try:
        for _ in range(3):
            sql(
                world,
                "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS noise (n int); INSERT INTO noise VALUES (1)",
            )
        until(lambda: newest_wal(world, 1) > before, 60)
        until(lambda: "nothing was archived for" in work(world, "watch", hasty=True)[1], 60)
        assert "repository 2: " in problems(world)
        assert "repository 1: " not in problems(world)
        assert "dhanman_backup_physical_success 0" in world.run(f"cat {STATE}/physical.prom")
    finally:
        store.start()
    until(lambda: newest_wal(world, 2) >= newest_wal(world, 1) > before, 120)
    done, said = work(world, "verify")
    assert done, said
    assert problems(world) == ""


@pytest.mark.slow
def test_a_full_disk_is_told_and_nothing_is_lost(world: World) -> None:
    with full(world, REPOSITORY):
        done, said = work(world, "full")
        assert not done
        # what can't be archived there can't be backed up there
        assert "error: repository 1: " in said
        sql(
            world,
            "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS noise (n int); INSERT INTO noise VALUES (2)",
        )
        until(lambda: "No space left" in work(world, "watch", hasty=True)[1], 90)
    done, said = work(world, "full")
    assert done, said
    assert work(world, "verify")[0]
    assert problems(world) == ""


def test_a_killed_backup_leaves_no_lock(world: World) -> None:
    unit = "dhanman-pgbackrest-local@full"
    world.run(f"systemctl start --no-block {unit}")
    until(lambda: info(world, 1)["status"]["lock"]["backup"]["held"], 30)
    world.run(f"systemctl kill --signal=KILL {unit}")
    until(lambda: world.run(f"systemctl is-active {unit}; true").strip() == "failed", 30)
    done, said = work(world, "full")
    assert done, said
    world.run(f"systemctl reset-failed {unit}")


def test_a_truncated_dump_is_refused_and_one_database_comes_back_from_a_whole_one(world: World) -> None:
    world.run("systemctl start dhanman-backup-local")
    status = json.loads(world.run(f"cat {STATE}/status.json"))
    assert (status["result"], status["uploaded"]) == ("ok", True)
    dump = next(d["file"] for d in status["dumps"] if d["name"] == DATABASE)
    world.run(
        f"head -c -7 {dump} > {dump}.short && chown postgres {dump}.short && cp {dump}.sha256 {dump}.short.sha256"
    )
    refused = world.host.run(
        ["dhanman-restore", "database", DATABASE, "--from", f"{dump}.short"], check=False
    )
    assert refused.returncode == 1
    assert "its SHA-256 is another" in refused.stderr
    world.run(f"rm {dump}.short*")
    sql(world, "DELETE FROM ticks")
    beside = world.run(f"dhanman-restore table {DATABASE} ticks")
    assert "1 rows are in restored_" in beside
    world.run(f"dhanman-restore table {DATABASE} ticks --replace")
    assert sql(world, "SELECT count(*) FROM ticks") == "1"
    sql(world, "DROP TABLE ticks")
    said = world.run(f"dhanman-restore database {DATABASE}")
    assert sql(world, "SELECT count(*) FROM ticks") == "1"
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
    kept = said.partition("kept: ")[2].split()[0]
    world.run(f"dhanman-restore drop {kept}")
    assert world.drift() == []
