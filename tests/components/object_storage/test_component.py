"""The object storage's resources, against Pulumi's mocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.object_storage import ObjectBackup, ObjectBackupArgs, ObjectStorage, ObjectStorageArgs
from components.object_storage.backup import ObjectBackupSpec
from components.object_storage.plan import ObjectStorageSpec
from policies.rules.data import _REPLACEABLE
from tests.components.recording import PASSWORD, Recording, record, target

KEY = "not-a-real-key"


def made(spec: ObjectStorageSpec, backup: ObjectBackupSpec, *, protect: bool, program: Path) -> Recording:
    of_storage = ObjectStorageArgs(
        target=target(),
        spec=spec,
        uploads=((program, "/var/lib/dhanman/uploads/versitygw.tar.gz"),),
        protect=protect,
    )

    def make() -> None:
        storage = ObjectStorage("object-storage", of_storage)
        of_backup = ObjectBackupArgs(
            target=target().after(storage.ready), spec=backup, key_id="made", key=KEY, protect=protect
        )
        ObjectBackup("object-backup", of_backup)

    return record(make)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "versitygw.tar.gz"
    file.write_bytes(b"x")
    return file


def test_buckets_follow_the_server_and_the_backup_follows_them(
    versitygw: ObjectStorageSpec, backup: ObjectBackupSpec, program: Path
) -> None:
    recording = made(versitygw, backup, protect=True, program=program)
    assert "object-storage-program" in recording.before("object-storage-server")
    assert "object-storage-server" in recording.before("object-storage-buckets")
    assert "object-storage-buckets" in recording.before("object-backup-timers")
    unit = json.loads(recording["object-storage-buckets"].plain("stdin"))
    assert [t["password"] for t in unit["things"] if t["kind"] == "object_key"] == [PASSWORD] * 2


def test_data_and_its_passphrase_are_protected_and_keys_can_be_replaced(
    versitygw: ObjectStorageSpec, backup: ObjectBackupSpec, program: Path
) -> None:
    recording = made(versitygw, backup, protect=True, program=program)
    protected = {r.name for r in recording.resources if r.custom and r.protect}
    assert protected == {
        "object-storage-server",
        "object-storage-buckets",
        "object-backup-timers",
        "object-backup-passphrase",
    }
    others = {r.name for r in recording.resources if r.custom} - protected
    assert all(name.endswith(_REPLACEABLE) for name in others)


def test_no_secret_is_anywhere_but_in_secret_inputs(
    versitygw: ObjectStorageSpec, backup: ObjectBackupSpec, program: Path
) -> None:
    recording = made(versitygw, backup, protect=False, program=program)
    for resource in recording.resources:
        assert PASSWORD not in json.dumps(resource.masked())
        assert KEY not in json.dumps(resource.masked())


def test_the_backup_gets_the_key_of_its_bucket_once_that_is_made(
    versitygw: ObjectStorageSpec, backup: ObjectBackupSpec, program: Path
) -> None:
    recording = made(versitygw, backup, protect=False, program=program)
    unit = json.loads(recording["object-backup-timers"].plain("stdin"))
    (content,) = [t["content"] for t in unit["things"] if t.get("path", "").endswith("object-backup.json")]
    restic = json.loads(content)["restic"]
    assert (restic["AWS_ACCESS_KEY_ID"], restic["AWS_SECRET_ACCESS_KEY"]) == ("made", KEY)
    assert restic["RESTIC_PASSWORD"] == PASSWORD
