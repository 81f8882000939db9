"""The backup's resources, against Pulumi's mocks."""

from __future__ import annotations

import json

import pytest

from components.backup import Backup, BackupArgs, BackupBucket, BackupBucketArgs, BackupSpec, Remote
from tests.components.recording import Recording, record, target

KEY = "fake-application-key"


def bucket(kind: str, *, protect: bool = True) -> Recording:
    args = BackupBucketArgs(kind=kind, name="dhanman", key_id="k1", key=KEY, hidden_days=7, protect=protect)
    return record(lambda: BackupBucket("backup-bucket", args))


@pytest.mark.parametrize("protect", [True, False])
def test_a_b2_bucket_is_made_by_a_local_script_with_its_key_on_stdin(protect: bool) -> None:
    script = bucket("b2", protect=protect)["backup-bucket-b2"]
    assert script.protect is protect
    assert script.is_secret("stdin")
    assert json.loads(script.plain("stdin"))["key"] == KEY
    assert KEY not in script.plain("create")
    assert "delete" not in script.inputs, "backups outlive the environment"


def test_any_other_bucket_is_not_touched() -> None:
    assert not [r for r in bucket("s3").resources if r.custom]


def test_the_key_of_the_bucket_is_a_secret_on_its_way_to_the_host() -> None:
    spec = BackupSpec(
        environment="qa",
        databases=("qa-dhanman-sales",),
        port=5432,
        directory="/backups/postgresql",
        schedule="*-*-* 02:00:00",
        retention_days=30,
        remote=Remote(kind="s3", name="dhanman", key_id="k1", endpoint="https://s3.example.com"),
    )
    timer = record(lambda: Backup("backup", BackupArgs(target=target(), spec=spec, key=KEY)))["backup-timer"]
    assert timer.is_secret("stdin")
    document = json.loads(timer.plain("stdin"))
    assert document["redact"] == [KEY]
    assert [t["path"] for t in document["things"] if KEY in str(t.get("content"))] == [
        "/etc/dhanman/qa/bucket.json"
    ]
