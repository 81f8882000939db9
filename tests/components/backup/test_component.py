"""The backup's resources, against Pulumi's mocks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.backup import (
    Backup,
    BackupArgs,
    BackupBucket,
    BackupBucketArgs,
    BackupSpec,
    BucketAccess,
    BucketSpec,
    Lock,
    Remote,
)
from components.dns import cloudflare_provider
from tests.components.recording import KEY as MADE_KEY
from tests.components.recording import KEY_ID as MADE_KEY_ID
from tests.components.recording import TOKEN, Recording, record, target

KEY, ADMIN_KEY = "fake-key-of-the-host", "fake-key-that-makes-the-bucket"
B2 = BucketSpec(
    kind="b2",
    name="dhanman",
    prefix="postgresql",
    environment="prod",
    hidden_days=7,
    endpoint="https://s3.us-west-004.backblazeb2.com",
    region="us-west-004",
    admin_key_id="admin1",
)
S3 = replace(B2, kind="s3", endpoint="https://s3.example.com", admin_key_id="", key_id="host1")
R2 = replace(
    B2, kind="r2", account="0" * 32, region="auto", admin_key_id="", lock=Lock(days=14, mode="governance")
)
DUMPS = BackupSpec(
    environment="prod",
    databases=("prod-dhanman-sales",),
    port=5432,
    directory="/backups/postgresql",
    schedule="*-*-* 02:00:00",
    retention_days=30,
    remote=Remote(kind="s3", name="dhanman", endpoint="https://s3.example.com"),
)


def bucket(spec: BucketSpec, *, protect: bool = True) -> Recording:
    """The bucket, and the dumps that use it."""

    def program() -> None:
        args = BackupBucketArgs(spec=spec, key=KEY, admin_key=ADMIN_KEY, protect=protect)
        providers = [cloudflare_provider("cloudflare", "x" * 40)] if spec.kind == "r2" else []
        made = BackupBucket("bucket", args, pulumi.ResourceOptions(providers=providers))
        Backup("backup", BackupArgs(target=target(), spec=DUMPS, access=made.access))

    return record(program)


def key_on_host(made: Recording) -> tuple[str, str]:
    document = json.loads(made["backup-timer"].plain("stdin"))
    (file,) = [t for t in document["things"] if t.get("path") == "/etc/dhanman/prod/bucket.json"]
    assert (file["mode"], file["owner"], file["secret"]) == ("0400", "postgres", True)
    content = json.loads(file["content"])
    return content["key_id"], content["key"]


@pytest.mark.parametrize("protect", [True, False])
@pytest.mark.parametrize("spec", [B2, S3], ids=["b2", "s3"])
def test_a_bucket_is_made_by_a_local_script_with_its_key_on_stdin(spec: BucketSpec, protect: bool) -> None:
    script = bucket(spec, protect=protect)[f"bucket-{spec.kind}"]
    assert script.protect is protect
    assert script.is_secret("stdin")
    wanted = json.loads(script.plain("stdin"))
    assert wanted["key"] == (ADMIN_KEY if spec.admin_key_id else KEY)
    assert wanted["change"] is bool(spec.admin_key_id)
    assert script.inputs["create"] == "timeout 5m .venv/bin/python -m components.backup.bucket"


@pytest.mark.parametrize("spec", [B2, S3, R2], ids=["b2", "s3", "r2"])
def test_destroying_the_environment_leaves_the_bucket_and_its_rules(spec: BucketSpec) -> None:
    made = bucket(spec, protect=False)
    of_bucket = [r for r in made.resources if r.custom and r.name.startswith("bucket-")]
    kept = [r for r in of_bucket if not r.name.endswith("-key")]
    assert kept and all(r.retain_on_delete and "delete" not in r.inputs for r in kept)


def test_the_host_gets_a_key_of_its_own_from_backblaze_and_never_the_one_that_makes_it() -> None:
    made = bucket(B2)
    (script,) = [r for r in made.resources if r.name.endswith("-key")]
    assert script.is_secret("stdin")
    assert script.inputs["logging"] == "stderr", "what it prints is not shown"
    assert script.inputs["delete"].endswith("components.backup.bucket.forget")
    assert (script.protect, script.retain_on_delete) == (False, False)
    assert key_on_host(made) == (MADE_KEY_ID, MADE_KEY)
    assert made["backup-timer"].is_secret("stdin")
    document = made["backup-timer"].plain("stdin")
    assert json.loads(document)["redact"] == [MADE_KEY]
    assert ADMIN_KEY not in document and KEY not in document


def test_another_number_makes_another_key_beside_the_old_one() -> None:
    def names(spec: BucketSpec) -> set[str]:
        return {r.name for r in bucket(spec).resources if r.name.endswith("-key")}

    assert names(B2) == names(replace(B2, hidden_days=9))
    assert names(B2).isdisjoint(names(replace(B2, key_number=2)))
    assert names(R2).isdisjoint(names(replace(R2, key_number=2)))


def test_a_key_that_is_given_is_the_hosts() -> None:
    made = bucket(replace(B2, key_id="host1"))
    assert not [r for r in made.resources if r.name.endswith("-key")]
    assert key_on_host(made) == ("host1", KEY)
    assert key_on_host(bucket(S3)) == ("host1", KEY)


def test_the_key_is_made_once_the_bucket_is_there_and_before_the_host_gets_it() -> None:
    made = bucket(B2)
    (script,) = [r for r in made.resources if r.name.endswith("-key")]
    assert "bucket-b2" in made.before(script.name)
    assert script.name in made.before("backup-timer")


def test_r2_gets_a_private_bucket_with_rules_and_a_token_for_its_objects_alone() -> None:
    made = bucket(R2)
    assert made["bucket-r2"].inputs["name"] == "dhanman"
    assert made["bucket-private"].inputs["enabled"] is False
    (unfinished,) = made["bucket-lifecycle"].inputs["rules"]
    assert unfinished["abortMultipartUploadsTransition"] == {
        "condition": {"type": "Age", "maxAge": 7 * 86400}
    }
    (policy,) = made["bucket-1-key"].inputs["policies"]
    assert json.loads(policy["resources"]) == {
        f"com.cloudflare.edge.r2.bucket.{'0' * 32}_default_dhanman": "*"
    }
    key_id, key = key_on_host(made)
    assert key_id == "bucket-1-key-id"
    assert key == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert [r.protect for r in made.resources if r.name in ("bucket-r2", "bucket-lock")] == [True, True]


@pytest.mark.parametrize(
    ("lock", "enabled", "seconds"),
    [(Lock(days=14, mode="governance"), True, 14 * 86400), (None, False, 86400)],
)
def test_r2s_lock_is_for_the_dumps_alone_and_off_is_a_rule_that_is_off(
    lock: Lock | None, enabled: bool, seconds: int
) -> None:
    (rule,) = bucket(replace(R2, lock=lock))["bucket-lock"].inputs["rules"]
    assert rule["prefix"] == "postgresql/prod-", "pgBackRest's files are below postgresql/pgbackrest"
    assert (rule["enabled"], rule["condition"]) == (enabled, {"type": "Age", "maxAgeSeconds": seconds})


def test_without_a_bucket_nothing_has_a_key() -> None:
    spec = replace(DUMPS, remote=None)
    timer = record(lambda: Backup("backup", BackupArgs(target=target(), spec=spec)))["backup-timer"]
    document: dict[str, Any] = json.loads(timer.plain("stdin"))
    assert document["redact"] == []
    assert not [t for t in document["things"] if t.get("path") == "/etc/dhanman/prod/bucket.json"]


def test_the_key_of_the_bucket_is_a_secret_on_its_way_to_the_host() -> None:
    args = BackupArgs(target=target(), spec=DUMPS, access=BucketAccess(key_id="k1", key=KEY))
    timer = record(lambda: Backup("backup", args))["backup-timer"]
    assert timer.is_secret("stdin")
    document = json.loads(timer.plain("stdin"))
    assert document["redact"] == [KEY]
    assert [t["path"] for t in document["things"] if KEY in str(t.get("content"))] == [
        "/etc/dhanman/prod/bucket.json"
    ]
