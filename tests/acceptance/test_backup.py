"""A backup counts once it was restored."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

DATABASE = "local-dhanman-sales"
UNIT = "dhanman-backup-local.service"
DATABASES = {
    f"local-dhanman-{s}" for s in ("common", "community", "inventory", "payroll", "purchase", "sales")
}


@pytest.fixture
def invoices(world: World) -> Iterator[str]:
    """A table with rows in one database; its name."""
    rows = "CREATE TABLE invoices AS SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 5000) n"
    _sql(world, DATABASE, rows)
    yield "invoices"
    _sql(world, DATABASE, "DROP TABLE invoices")


def _sql(world: World, database: str, statement: str) -> str:
    command = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", database]
    return world.host.run(command, input=statement).stdout.strip()


def _status(world: World) -> dict[str, object]:
    status: dict[str, object] = json.loads(world.run("cat /var/lib/dhanman-backup-local/status.json"))
    return status


def test_every_database_is_dumped_and_copied_and_a_dump_restores_the_same_rows(
    world: World, invoices: str
) -> None:
    world.run(f"systemctl start {UNIT}")
    status = _status(world)
    assert (status["result"], status["failed"], status["uploaded"]) == ("ok", [], True)
    dumps = status["dumps"]
    assert isinstance(dumps, list)
    files = {d["name"]: d["file"] for d in dumps}
    assert set(files) == DATABASES
    for file in files.values():
        name = file.rsplit("/", 1)[-1]
        world.run(f"cmp {file} $(find /srv/dhanman/backups -name {name})")
    counted = f"SELECT count(*), md5(string_agg(id || text, ',' ORDER BY id)) FROM {invoices}"
    expected = _sql(world, DATABASE, counted)
    _sql(world, "postgres", "CREATE DATABASE scratch")
    try:
        world.run(
            f"cd / && runuser -u postgres -- pg_restore --exit-on-error --dbname=scratch {files[DATABASE]}"
        )
        assert _sql(world, "scratch", counted) == expected
        assert expected.startswith("5000|")
    finally:
        _sql(world, "postgres", "DROP DATABASE scratch")


def test_a_database_that_lets_nobody_in_fails_the_backup_by_name_and_the_others_are_dumped(
    world: World,
) -> None:
    _sql(world, "postgres", f'ALTER DATABASE "{DATABASE}" ALLOW_CONNECTIONS false')
    try:
        world.host.run(["systemctl", "start", UNIT], check=False)
        status = _status(world)
        assert (status["result"], status["failed"]) == ("failed", [DATABASE])
        dumps = status["dumps"]
        assert isinstance(dumps, list)
        assert {d["name"] for d in dumps} == DATABASES - {DATABASE}
        assert world.run(f"systemctl is-failed {UNIT}").strip() == "failed"
        journal = world.run(f"journalctl --quiet --output=cat --unit={UNIT}")
        assert f"error: no good backup of: {DATABASE}" in journal
    finally:
        _sql(world, "postgres", f'ALTER DATABASE "{DATABASE}" ALLOW_CONNECTIONS true')
        world.run(f"systemctl reset-failed {UNIT}")
