"""Rules for data: protection, backups, retention."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies import Resource, Secret
from policies.resource import UNKNOWN
from policies.rules.data import backups_are_kept_long_enough, data_is_protected, every_database_is_backed_up
from tests.policies.making import APPLY, breaches, broken, resource, unit

GENERATED = "random:index/randomPassword:RandomPassword"
DATABASE = {"kind": "postgres_database", "name": "prod-dhanman-sales", "port": 5432}
BUCKET = {"kind": "object_bucket", "name": "prod-dhanman-sales", "server": {"port": 9000}}
CONF = "/etc/dhanman/prod/backup.conf"


@pytest.mark.parametrize(
    ("chain", "name", "holds"),
    [
        ("dhanman:postgres:Database$command:remote:Command", "sales-database", True),
        (f"dhanman:postgres:PostgresServer${GENERATED}", "postgres-password", True),
        ("dhanman:rabbitmq:Rabbitmq$command:remote:Command", "rabbitmq-vhost", True),
        ("dhanman:backup:BackupBucket$command:local:Command", "backup-bucket-b2", True),
        ("dhanman:backup:BackupBucket$cloudflare:index/r2Bucket:R2Bucket", "backup-bucket-r2", True),
        (
            "dhanman:backup:BackupBucket$cloudflare:index/accountToken:AccountToken",
            "backup-bucket-1-key",
            False,
        ),
        ("dhanman:postgres:PostgresServer$command:remote:Command", "postgres-roles", False),
        ("dhanman:gateway:Gateway$command:remote:Command", "gateway-nginx", False),
    ],
)
def test_what_holds_data_is_protected_in_prod_and_qa(chain: str, name: str, holds: bool) -> None:
    assert bool(breaches(data_is_protected, resource(chain, name))) is holds
    assert bool(breaches(data_is_protected, resource(chain, name, stack="qa"))) is holds
    assert breaches(data_is_protected, resource(chain, name, protect=True)) == []
    assert breaches(data_is_protected, resource(chain, name, stack="local")) == []


def test_a_password_that_was_rotated_can_be_replaced() -> None:
    chain = f"dhanman:postgres:PostgresServer${GENERATED}"
    assert broken(data_is_protected, resource(chain, "postgres-password", keepers={}))
    assert breaches(data_is_protected, resource(chain, "postgres-password", keepers={"turn": "2"})) == []


def dumps(databases: str, *, running: bool = True) -> Resource:
    timer = {"kind": "service", "unit": "dhanman-backup-prod.timer", "running": running}
    return unit(timer, of="backup:Backup", name="backup-prod", files={CONF: f"databases=({databases})\n"})


def objects(*, running: bool = True) -> Resource:
    timer = {"kind": "service", "unit": "dhanman-object-backup-prod@backup.timer", "running": running}
    return unit(timer, of="object_storage:ObjectBackup", name="object-backup-prod")


def test_a_database_that_is_dumped_is_right() -> None:
    made = unit(DATABASE, of="postgres:Database", name="sales")
    assert breaches(every_database_is_backed_up, made, dumps("prod-dhanman-common prod-dhanman-sales")) == []


@pytest.mark.parametrize(
    "backup", [[], [dumps("prod-dhanman-common")], [dumps("prod-dhanman-sales", running=False)]]
)
def test_a_database_that_nothing_dumps_is_named(backup: list[Resource]) -> None:
    made = unit(DATABASE, of="postgres:Database", name="sales")
    assert "prod-dhanman-sales" in broken(every_database_is_backed_up, made, *backup).wrong


def test_a_backup_that_is_not_known_yet_accuses_no_database() -> None:
    chain = "dhanman:backup:Backup$command:remote:Command"
    waiting = resource(chain, "backup-timer", create=APPLY, stdin=Secret(value=UNKNOWN))
    assert breaches(every_database_is_backed_up, unit(DATABASE), waiting) == []


def test_buckets_have_a_backup_that_runs() -> None:
    made = unit(BUCKET, of="object_storage:ObjectStorage", name="object-buckets-prod")
    assert breaches(every_database_is_backed_up, made, objects()) == []
    assert broken(every_database_is_backed_up, made)
    assert broken(every_database_is_backed_up, made, objects(running=False))


def pgbackrest(days: str = "30", kind: str = "time") -> dict[str, str]:
    text = f"repo1-path=/backups\nrepo1-retention-full-type={kind}\nrepo1-retention-full={days}\n"
    return {"/etc/pgbackrest/pgbackrest.conf": text}


def sealed(**content: Any) -> dict[str, str]:
    return {"/etc/dhanman/prod/host-backup.json": json.dumps(content)}


@pytest.mark.parametrize(
    "files",
    [{CONF: "retention_days=30\n"}, pgbackrest("90"), sealed(retention_days=31), {"/etc/other": "days=1"}],
)
def test_thirty_days_are_long_enough(files: dict[str, str]) -> None:
    assert breaches(backups_are_kept_long_enough, unit(files=files)) == []


@pytest.mark.parametrize(
    "files",
    [
        {CONF: "retention_days=29\n"},
        pgbackrest("7"),
        pgbackrest("30", kind="count"),
        {"/etc/pgbackrest/pgbackrest.conf": "repo1-path=/backups\n"},
        sealed(retention_days=3),
        sealed(),
    ],
)
def test_less_than_thirty_days_are_named_with_the_file(files: dict[str, str]) -> None:
    assert broken(backups_are_kept_long_enough, unit(files=files)).wrong.startswith(next(iter(files)))
