"""The archive and the backups of the whole cluster."""

from __future__ import annotations

import json

import pytest

from backupctl import config
from components import specs
from components.backup.physical import Bucket, PhysicalSpec, Schedules, physical_unit
from components.backup.physical.plan import ARCHIVE_TIMEOUT, CONFIGURATION, HEARTBEAT
from components.unit import File, PgbackrestStanza, Symlink, Unit
from tests.components.settings.example import Load

PASSPHRASE, KEY = "not-a-real-passphrase", "not-a-real-key"
BUCKET = Bucket(
    name="dhanman-backups",
    prefix="postgresql",
    endpoint="https://s3.example.com:7070",
    region="us-east-1",
    key_id="k1",
)


def unit(bucket: Bucket | None = BUCKET, queue_max: int | None = None, *, alerts: bool = False) -> Unit:
    spec = PhysicalSpec(
        environment="qa",
        version=18,
        port=5433,
        services=("sales",),
        directory="/backups/pgbackrest",
        dumps="/backups/postgresql",
        retention_days=30,
        schedules=Schedules(full="weekly", incremental="daily", verify="monthly", drill="daily", jitter=900),
        processes=2,
        queue_max=queue_max,
        bucket=bucket,
        alerts=alerts,
    )
    return physical_unit(spec, PASSPHRASE, KEY if bucket else "")


def files(wanted: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in wanted.things if isinstance(thing, File)}


def test_both_repositories_are_encrypted_and_keep_the_days() -> None:
    lines = files(unit())[CONFIGURATION].content.splitlines()
    for key in (1, 2):
        assert f"repo{key}-cipher-pass={PASSPHRASE}" in lines
        assert f"repo{key}-cipher-type=aes-256-cbc" in lines
        assert f"repo{key}-retention-full-type=time" in lines
        assert f"repo{key}-retention-full=30" in lines
    assert "repo2-s3-endpoint=s3.example.com" in lines
    assert "repo2-storage-port=7070" in lines
    assert "pg1-port=5433" in lines


def test_without_a_bucket_there_is_the_local_repository_alone() -> None:
    assert "repo2" not in files(unit(None))[CONFIGURATION].content
    (stanza,) = [thing for thing in unit(None).things if isinstance(thing, PgbackrestStanza)]
    assert stanza.repositories == ("/backups/pgbackrest",)


def test_secrets_are_in_one_file_that_postgres_alone_can_read() -> None:
    wanted = unit()
    holding = [thing for thing in wanted.things if PASSPHRASE in str(thing) or KEY in str(thing)]
    (file,) = holding
    assert isinstance(file, File)
    assert (file.path, file.mode, file.owner, file.secret) == (CONFIGURATION, "0400", "postgres", True)
    assert wanted.redact == (PASSPHRASE, KEY)


def test_wal_is_dropped_only_where_that_was_asked_for() -> None:
    assert "queue-max" not in files(unit())[CONFIGURATION].content
    assert "archive-push-queue-max=1073741824" in files(unit(queue_max=2**30))[CONFIGURATION].content


def test_what_is_lost_at_most_fits_into_a_minute() -> None:
    # a segment is closed, and the heartbeat before it is as old as that
    assert ARCHIVE_TIMEOUT + HEARTBEAT < 60


def test_the_heartbeat_wakes_the_checkpointer_of_a_server_that_has_just_started() -> None:
    statements = files(unit())["/etc/dhanman/qa/heartbeat.sql"].content
    assert statements.index("pg_reload_conf()") < statements.index("\\watch")


def test_the_heartbeat_stops_and_starts_with_the_server() -> None:
    heartbeat, server = "dhanman-heartbeat-qa.service", "postgresql@18-main.service"
    lines = files(unit())[f"/etc/systemd/system/{heartbeat}"].content.splitlines()
    assert {f"After={server}", f"PartOf={server}"} <= set(lines)
    links = {thing.path: thing.target for thing in unit().things if isinstance(thing, Symlink)}
    assert links == {f"/etc/systemd/system/{server}.wants/{heartbeat}": f"/etc/systemd/system/{heartbeat}"}


def test_the_program_reads_what_the_plan_writes() -> None:
    read = config.parse(files(unit())["/etc/dhanman/qa/backupctl.json"].content)
    assert read.bucket is not None
    assert (read.bucket.key, read.unit) == (2, "postgresql@18-main.service")
    assert list(read.databases) == ["qa-dhanman-sales"]


def test_the_program_is_there_as_a_whole_and_its_command_names_its_configuration() -> None:
    made = files(unit())
    assert "/usr/local/lib/dhanman-backup/backupctl/watch.py" in made
    command = made["/usr/local/sbin/dhanman-backup"]
    compile(command.content, command.path, "exec")
    assert '"/etc/dhanman/qa/backupctl.json"' in command.content
    assert command.mode == "0755"


def test_a_run_is_caught_up_with_and_starts_at_no_exact_time() -> None:
    timer = files(unit())["/etc/systemd/system/dhanman-pgbackrest-qa@full.timer"].content
    assert "Persistent=true" in timer
    assert "RandomizedDelaySec=900" in timer
    assert "OnCalendar=weekly" in timer


B2 = {"kind": "b2", "name": "dhanman-backups", "keyId": "0123456789ab", "key": KEY}


def test_the_region_of_a_bucket_at_backblaze_is_in_its_endpoint(load_outputs: Load) -> None:
    endpoint = "https://s3.us-west-004.backblazeb2.com"
    spec = specs.physical_backup(load_outputs({"backup": {"bucket": B2 | {"endpoint": endpoint}}}))
    assert spec is not None
    assert spec.bucket is not None
    assert (spec.bucket.region, spec.bucket.host) == ("us-west-004", "s3.us-west-004.backblazeb2.com")


@pytest.mark.parametrize("enabled", [True, False])
def test_switched_off_nothing_is_archived(load_outputs: Load, enabled: bool) -> None:
    settings = load_outputs({"backup": {"physical": {"enabled": enabled}}})
    assert (specs.physical_backup(settings) is not None) is enabled
    assert (specs.postgres(settings).archive_timeout is not None) is enabled


def test_a_document_of_the_unit_is_json() -> None:
    assert json.loads(unit().serialize())["unit"] == "physical-backup-qa"


def test_with_a_notifier_every_unit_has_it_look_and_both_things_are_watched() -> None:
    made = files(unit(alerts=True))
    failing = "OnFailure=dhanman-notify-qa.service"
    for name in ("dhanman-pgbackrest-qa@.service", "dhanman-heartbeat-qa.service"):
        assert failing in made[f"/etc/systemd/system/{name}"].content.splitlines()
    watched = json.loads(made["/etc/dhanman/qa/alerts.d/physical.json"].content)
    timers = {path.rpartition("/")[2] for path in made if path.endswith(".timer")}
    drill = json.loads(made["/etc/dhanman/qa/alerts.d/drill.json"].content)
    assert {*watched["timers"], *drill["timers"]} == timers
    assert watched["report"] == "/var/lib/dhanman-backup-qa/physical.json"
    assert drill["schedule"] == "daily"


def test_without_a_notifier_nothing_names_it() -> None:
    assert not [
        path for path, file in files(unit()).items() if "notify" in file.content or "alerts.d" in path
    ]
