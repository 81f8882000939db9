"""A bucket of an S3 store is what the settings say, against real servers.

versitygw offers versions, object lock and policies, and no lifecycle rules; MinIO all of them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.backup.bucket.ensure import Refusal, ensure
from components.backup.bucket.s3 import S3Store, client
from components.backup.bucket.s3_rules import lifecycle, same
from components.backup.bucket.spec import OWNER, Lock, Wanted
from tests.acceptance import s3_servers
from tests.acceptance.s3_servers import HOST_KEY, HOST_KEY_ID, KEY, KEY_ID, Server

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "components/backup/files/usr/local/bin/dhanman-bucket"
NAME = "dhanman-backups"
LOCK = Lock(days=14, mode="governance")
MINIO = pytest.param("minio", marks=pytest.mark.slow)

pytestmark = pytest.mark.host
both = pytest.mark.parametrize("server", ["versitygw", MINIO], indirect=True)
only_versitygw = pytest.mark.parametrize("server", ["versitygw"], indirect=True)
with_rules = pytest.mark.parametrize("server", [MINIO], indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with s3_servers.running(request.param, tmp_path) as made:
        yield made


def wanted(server: Server, **changes: Any) -> Wanted:
    """The bucket as prod wants it."""
    plain = Wanted(
        kind="s3",
        name=NAME,
        environment="prod",
        endpoint=server.url,
        region="us-east-1",
        hidden_days=7,
        lock=None,
        adopt=False,
        change=True,
        key_id=KEY_ID,
        key=KEY,
    )
    return replace(plain, **changes)


def make(server: Server, **changes: Any) -> list[str]:
    settings = wanted(server, **changes)
    return ensure(settings, S3Store(settings, client(settings)))


def run(server: Server, **changes: Any) -> subprocess.CompletedProcess[str]:
    """The program as Pulumi runs it."""
    command = [sys.executable, "-m", "components.backup.bucket"]
    text = wanted(server, **changes).text()
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, check=False)


def open_to_everybody(server: Server) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": [f"arn:aws:s3:::{NAME}/*"]}]}
    server.client.put_bucket_policy(Bucket=NAME, Policy=json.dumps(policy))


@both
def test_a_missing_bucket_is_made_and_a_second_run_changes_nothing(server: Server) -> None:
    first = run(server)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0] == f"bucket {NAME}: created"
    assert server.client.get_bucket_tagging(Bucket=NAME)["TagSet"] == [{"Key": OWNER, "Value": "prod"}]
    offers_rules = server.kind == "minio"
    assert ("does not offer: lifecycle rules" in first.stdout) is not offers_rules
    versions = server.client.get_bucket_versioning(Bucket=NAME).get("Status")
    assert versions == ("Enabled" if offers_rules else None), "versions that nothing deletes are not kept"
    assert run(server).stdout.splitlines()[0] == f"bucket {NAME}: unchanged"


@both
def test_a_bucket_of_others_is_left_alone_until_it_is_to_be_adopted(server: Server) -> None:
    server.client.create_bucket(Bucket=NAME)
    open_to_everybody(server)
    refused = run(server)
    assert refused.returncode == 1
    assert "was not made by this deployment; nothing was changed" in refused.stderr
    assert "it is public (by its policy)" in refused.stderr
    assert "next: " in refused.stderr and "backup.bucket.adopt" in refused.stderr
    assert "s3:GetObject" in server.client.get_bucket_policy(Bucket=NAME)["Policy"]

    assert make(server, adopt=True)[0] == f"bucket {NAME}: corrected"
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        server.client.get_bucket_policy(Bucket=NAME)
    assert make(server)[0] == f"bucket {NAME}: unchanged"


@both
def test_our_bucket_that_somebody_opened_is_closed_again_and_it_is_said(server: Server) -> None:
    make(server)
    open_to_everybody(server)
    assert "  it is public (by its policy)" in make(server)
    assert make(server)[0] == f"bucket {NAME}: unchanged"


@only_versitygw
def test_a_list_that_lets_everybody_in_is_closed_too(server: Server) -> None:
    make(server)
    owner = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    server.client.put_bucket_ownership_controls(Bucket=NAME, OwnershipControls=owner)
    server.client.put_bucket_acl(Bucket=NAME, ACL="public-read")
    assert "  it is public (by its access list)" in make(server)
    assert make(server)[0] == f"bucket {NAME}: unchanged"


@both
def test_another_environments_bucket_is_refused(server: Server) -> None:
    make(server)
    with pytest.raises(Refusal, match="belongs to the environment prod"):
        make(server, environment="qa", adopt=True)


@with_rules
def test_days_and_lock_are_changed_in_place(server: Server) -> None:
    make(server, lock=LOCK)
    server.client.put_object(Bucket=NAME, Key="a", Body=b"x")
    changed = make(server, hidden_days=14, lock=Lock(days=30, mode="governance"))
    assert changed == [
        f"bucket {NAME}: corrected",
        "  old versions: 7 days; wanted: 14 days",
        "  object lock: 14 days, governance; wanted: 30 days, governance",
        "  this store does not offer: a block on public access",
        "  this store does not offer: a rule for unfinished uploads",
    ]
    rules = server.client.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    assert same(rules, lifecycle(14)[:1])
    assert "  object lock: 30 days, governance; wanted: none" in make(server, hidden_days=14)
    assert server.client.get_object(Bucket=NAME, Key="a")["Body"].read() == b"x"


@with_rules
def test_a_store_that_locks_new_buckets_alone_is_said_to(server: Server) -> None:
    make(server)
    with pytest.raises(Refusal, match="locks no bucket that was made without a lock") as caught:
        make(server, lock=LOCK)
    assert "another name" in caught.value.next_step
    assert make(server)[0] == f"bucket {NAME}: unchanged"


@with_rules
def test_what_is_locked_can_be_hidden_and_overwritten_and_not_deleted(server: Server) -> None:
    make(server, lock=LOCK)
    store = server.client
    first = store.put_object(Bucket=NAME, Key="a", Body=b"first")["VersionId"]
    store.put_object(Bucket=NAME, Key="a", Body=b"second")
    store.delete_object(Bucket=NAME, Key="a")
    with pytest.raises(ClientError, match="NoSuchKey"):
        store.get_object(Bucket=NAME, Key="a")
    with pytest.raises(ClientError, match=r"WORM|protected|AccessDenied"):
        store.delete_object(Bucket=NAME, Key="a", VersionId=first)
    assert store.get_object(Bucket=NAME, Key="a", VersionId=first)["Body"].read() == b"first"


@with_rules
def test_rules_of_others_are_named_and_not_lost_by_accident(server: Server) -> None:
    make(server)
    theirs = {"ID": "clean-up", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    both_rules = {"Rules": [*lifecycle(7)[:1], theirs]}
    server.client.put_bucket_lifecycle_configuration(Bucket=NAME, LifecycleConfiguration=both_rules)
    with pytest.raises(Refusal, match="has rules that this deployment did not make") as caught:
        make(server)
    assert caught.value.details == ("lifecycle rule of others: clean-up",)
    make(server, adopt=True)
    rules = server.client.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    assert same(rules, lifecycle(7)[:1])


@only_versitygw
def test_a_lock_that_could_never_end_is_refused(server: Server) -> None:
    with pytest.raises(Refusal, match="offers no lifecycle rules"):
        make(server, lock=LOCK)


@both
def test_without_a_key_that_may_change_it_the_bucket_is_looked_at_and_left_alone(server: Server) -> None:
    with pytest.raises(Refusal, match="does not exist"):
        make(server, change=False)
    server.client.create_bucket(Bucket=NAME)
    open_to_everybody(server)
    with pytest.raises(Refusal, match="its key may not change that") as caught:
        make(server, change=False)
    assert "it is public (by its policy)" in caught.value.details
    assert "s3:GetObject" in server.client.get_bucket_policy(Bucket=NAME)["Policy"]


@both
def test_a_wrong_key_and_a_server_that_is_not_there_are_said_plainly_without_the_key(server: Server) -> None:
    wrong = run(server, key="another-key-that-is-not-real")
    assert wrong.returncode == 1
    assert f"bucket {NAME} is somebody else's, or the key {KEY_ID} is wrong" in wrong.stderr
    gone = run(server, endpoint="http://127.0.0.1:1")
    assert gone.returncode == 1
    assert "Could not connect to the endpoint URL" in gone.stderr and "next: " in gone.stderr
    unasked = run(server, endpoint="http://127.0.0.1:1", change=False)
    assert unasked.returncode == 0 and "not looked at, since this machine does not reach it" in unasked.stdout
    assert not any(secret in wrong.stderr + gone.stderr for secret in (KEY, "another-key-that-is-not-real"))


def documented_policy() -> dict[str, Any]:
    """The IAM policy of the documents."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("### The bucket")[2]
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found
    policy: dict[str, Any] = json.loads(found[1])
    return policy


@only_versitygw
def test_the_policy_in_the_documents_suffices_for_backups_and_not_for_more(
    server: Server, tmp_path: Path
) -> None:
    make(server)
    server.client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    server.add_user()
    server.allow(NAME, documented_policy())
    assert (
        ensure(
            looking := wanted(server, change=False, key_id=HOST_KEY_ID, key=HOST_KEY),
            S3Store(looking, client(looking)),
        )[0]
        == f"bucket {NAME}: as it should be"
    )

    dump = tmp_path / "prod-dhanman-sales_20260101_020000.backup"
    dump.write_bytes(b"dump" * 1000)
    config = tmp_path / "bucket.json"
    settings = {"kind": "s3", "name": NAME, "prefix": "postgresql", "endpoint": server.url}
    settings |= {"region": "us-east-1", "key_id": HOST_KEY_ID, "key": HOST_KEY}
    config.write_text(json.dumps(settings))
    subprocess.run([sys.executable, str(PROGRAM), str(config), "put", str(dump)], check=True)
    newer = dump.with_name("prod-dhanman-sales_20260102_020000.backup")
    newer.write_bytes(b"newer")
    subprocess.run([sys.executable, str(PROGRAM), str(config), "put", str(newer)], check=True)
    pruned = [sys.executable, str(PROGRAM), str(config), "prune", "prod-dhanman-sales_", "0"]
    assert (
        "deleted prod-dhanman-sales_20260101"
        in subprocess.run(pruned, check=True, capture_output=True, text=True).stdout
    )

    host = server.client_with(HOST_KEY_ID, HOST_KEY)
    (version,) = [
        v
        for v in server.client.list_object_versions(Bucket=NAME)["Versions"]
        if v["Key"].endswith("20260101_020000.backup")
    ]
    forbidden: tuple[Callable[[], Any], ...] = (
        lambda: host.delete_object(Bucket=NAME, Key=version["Key"], VersionId=version["VersionId"]),
        lambda: host.put_object(Bucket=NAME, Key="elsewhere/a", Body=b"x"),
        lambda: host.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"}),
        lambda: host.delete_bucket(Bucket=NAME),
    )
    for refused in forbidden:
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    kept = server.client.get_object(Bucket=NAME, Key=version["Key"], VersionId=version["VersionId"])
    assert kept["Body"].read() == b"dump" * 1000
