"""The backup of the objects."""

from __future__ import annotations

import json
from dataclasses import replace

from components.object_storage.backup import ObjectBackupSpec, Repository, backup_unit
from components.unit import Directory, File, Packages, Service, Unit
from objectctl import config

PASSPHRASE, KEY = "not-a-real-passphrase", "not-a-real-bucket-key"
CONFIGURATION = "/etc/dhanman/qa/object-backup.json"


def files(unit: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in unit.things if isinstance(thing, File)}


def test_passphrase_and_key_are_in_one_file_of_root_alone(backup: ObjectBackupSpec) -> None:
    made = files(backup_unit(backup, PASSPHRASE, KEY))
    holding = [p for p, f in made.items() if PASSPHRASE in f.content or KEY in f.content]
    assert holding == [CONFIGURATION]
    file = made[CONFIGURATION]
    assert (file.mode, file.owner, file.secret) == ("0400", "root", True)
    assert set(backup_unit(backup, PASSPHRASE, KEY).redact) == {PASSPHRASE, KEY}


def test_the_program_reads_what_the_plan_writes(backup: ObjectBackupSpec) -> None:
    read = config.parse(files(backup_unit(backup, PASSPHRASE, KEY))[CONFIGURATION].content)
    assert read.restic == {
        "RESTIC_REPOSITORY": "s3:https://s3.example.com/dhanman/postgresql/object-storage",
        "RESTIC_PASSWORD": PASSPHRASE,
        "AWS_ACCESS_KEY_ID": "keyid",
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_DEFAULT_REGION": "eu-1",
    }
    assert (read.retention_days, read.port, read.kind) == (30, 9000, "versitygw")
    assert str(read.buckets) == "/var/lib/dhanman-object-storage-qa/buckets"


def test_a_folder_is_data_and_needs_no_key(backup: ObjectBackupSpec) -> None:
    spec = replace(backup, repository=Repository(directory="/backups/object-storage"))
    unit = backup_unit(spec, PASSPHRASE, "")
    (folder,) = [thing for thing in unit.things if isinstance(thing, Directory)]
    assert (folder.path, folder.data, folder.mode) == ("/backups/object-storage", True, "0700")
    read = config.parse(files(unit)[CONFIGURATION].content)
    assert read.restic == {"RESTIC_REPOSITORY": "/backups/object-storage", "RESTIC_PASSWORD": PASSPHRASE}
    service = files(unit)["/etc/systemd/system/dhanman-object-backup-qa@.service"].content
    assert "ReadWritePaths=/backups/object-storage" in service.splitlines()
    assert unit.redact == (PASSPHRASE,)


def test_the_notifier_watches_both_works_where_there_is_one(backup: ObjectBackupSpec) -> None:
    quiet, told = (
        files(backup_unit(replace(backup, alerts=alerts), PASSPHRASE, KEY)) for alerts in (False, True)
    )
    sources = {path: json.loads(told[path].content) for path in told.keys() - quiet.keys()}
    assert {path.rpartition("/")[0] for path in sources} == {"/etc/dhanman/qa/alerts.d"}
    works = {source["name"]: source for source in sources.values()}
    assert works.keys() == {"object-backup", "object-check"}
    assert works["object-backup"]["report"] == "/var/lib/dhanman-object-backup-qa/backup.json"
    assert works["object-check"]["units"] == ["dhanman-object-backup-qa@check.service"]
    service = "/etc/systemd/system/dhanman-object-backup-qa@.service"
    line = "OnFailure=dhanman-notify-qa.service"
    assert (line in told[service].content, line in quiet[service].content) == (True, False)


def test_what_the_program_consists_of_travels_with_it(backup: ObjectBackupSpec) -> None:
    made = files(backup_unit(backup, PASSPHRASE, KEY))
    library = "/usr/local/lib/dhanman-objects"
    assert f"{library}/hostctl/s3.py" in made
    assert f"{library}/objectctl/restoring.py" in made
    command = made["/usr/local/sbin/dhanman-objects"]
    assert command.mode == "0755"
    assert f'"{CONFIGURATION}"' in command.content
    compile(command.content, "dhanman-objects", "exec")


def test_both_works_have_a_timer_that_catches_up(backup: ObjectBackupSpec) -> None:
    unit = backup_unit(backup, PASSPHRASE, KEY)
    timers = {f"dhanman-object-backup-qa@{work}.timer" for work in ("backup", "check")}
    assert {thing.unit for thing in unit.things if isinstance(thing, Service)} == timers
    text = files(unit)["/etc/systemd/system/dhanman-object-backup-qa@backup.timer"].content.splitlines()
    assert {"OnCalendar=*-*-* 02:30:00", "RandomizedDelaySec=900", "Persistent=true"} <= set(text)
    (packages,) = [thing.packages for thing in unit.things if isinstance(thing, Packages)]
    assert "restic" in packages


def test_the_configuration_is_json(backup: ObjectBackupSpec) -> None:
    assert (
        json.loads(files(backup_unit(backup, PASSPHRASE, KEY))[CONFIGURATION].content)["environment"] == "qa"
    )
