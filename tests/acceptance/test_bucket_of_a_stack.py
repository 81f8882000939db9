"""The component through a whole `pulumi up` and `destroy`, with the CLI and the plugins that this clone has.

Cloudflare is a server that answers as it documents; the S3 store is a real one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from components.backup.bucket import BucketSpec, Lock
from tests.acceptance import s3_servers
from tests.acceptance.s3_servers import HOST_KEY, HOST_KEY_ID, KEY, KEY_ID
from tests.toolchain.providers.cloudflare.fake import ACCOUNT, TOKEN, Cloudflare, served
from tests.trial_stack import CLONE, TrialStack

NAME = "dhanman-backups"
PROGRAM = """
import json, pathlib
import pulumi
from components.backup import BackupBucket, BackupBucketArgs, BucketSpec, Lock
from components.dns import cloudflare_provider
from components.remote import LocalScript

given = json.loads(pathlib.Path("given.json").read_text())
raw = given["spec"]
spec = BucketSpec(**raw | {"lock": Lock(**raw["lock"]) if raw["lock"] else None})
providers = [cloudflare_provider("cloudflare", given["token"], base_url=given["url"])] if spec.kind == "r2" else []
args = BackupBucketArgs(spec=spec, key=given["key"], admin_key=given["admin_key"], protect=given["protect"])
bucket = BackupBucket("bucket", args, pulumi.ResourceOptions(providers=providers))
pulumi.export("key_id", bucket.access.key_id)
pulumi.export("key", bucket.access.key)
if given["script"]:
    made = LocalScript("script", "told", given["script"], delete="untold", secret_output=True)
    pulumi.export("told", made.stdout)
"""
TOLD = """
import os, sys
given = sys.stdin.read()
print(os.environ.get("PULUMI_COMMAND_STDOUT") or "told-once-" + given)
"""
UNTOLD = """
import os, pathlib
pathlib.Path("untold").write_text(os.environ["PULUMI_COMMAND_STDOUT"])
"""
SPEC = BucketSpec(
    kind="r2",
    name=NAME,
    prefix="postgresql",
    environment="prod",
    hidden_days=7,
    account=ACCOUNT,
    lock=Lock(days=14, mode="governance"),
)

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(not CLONE.launcher.exists(), reason="no .venv/bin/pulumi: run `make setup`"),
]


class Stack(TrialStack):
    """A program with nothing but the bucket in it."""

    def __init__(self, folder: Path, **given: Any) -> None:
        super().__init__(folder, PROGRAM)
        self._given = {"token": TOKEN, "key": "", "admin_key": "", "url": "", "script": ""} | given
        (folder / "told.py").write_text(TOLD)
        (folder / "untold.py").write_text(UNTOLD)
        self.give(SPEC)
        self.begin()

    def give(self, spec: BucketSpec, *, protect: bool = False, **more: Any) -> None:
        self.write(self._given | {"spec": asdict(spec), "protect": protect} | more)

    def outputs(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return found


@pytest.fixture
def cloudflare() -> Iterator[tuple[Cloudflare, str]]:
    with served() as made:
        yield made


@pytest.mark.slow
def test_a_bucket_at_cloudflare_is_made_kept_changed_in_place_and_never_deleted(
    tmp_path: Path, cloudflare: tuple[Cloudflare, str]
) -> None:
    api, url = cloudflare
    stack = Stack(tmp_path, url=url)

    stack.run("preview")
    assert api.calls == [], "a preview asks nobody"
    stack.up()
    bucket = api.buckets[NAME]
    assert bucket["public"] is False
    assert [rule["id"] for rule in bucket["lifecycle"]] == ["dhanman-unfinished-uploads"]
    (lock,) = bucket["lock"]
    assert (lock["enabled"], lock["prefix"], lock["condition"]["maxAgeSeconds"]) == (
        True,
        "postgresql/prod-",
        1209600,
    )
    (token,) = api.tokens.values()
    assert token["policies"][0]["resources"] == {
        f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_default_{NAME}": "*"
    }
    key = hashlib.sha256(b"value-1-not-real").hexdigest()
    assert stack.outputs() == {"key_id": token["id"], "key": key}
    assert not any(secret in stack.state for secret in (key, "value-1-not-real", TOKEN))

    api.calls.clear()
    stack.up("--expect-no-changes")
    assert api.calls == []

    stack.give(replace(SPEC, lock=Lock(days=30, mode="governance")))
    stack.up()
    assert api.writes == [f"PUT /client/v4/accounts/{ACCOUNT}/r2/buckets/{NAME}/lock"]
    assert bucket["lock"][0]["condition"]["maxAgeSeconds"] == 2592000
    stack.give(replace(SPEC, lock=None))
    stack.up()
    assert bucket["lock"][0]["enabled"] is False

    # another key: the new one is there before the old one goes
    api.calls.clear()
    stack.give(replace(SPEC, lock=None, key_number=2))
    stack.up()
    assert [call.partition(" ")[0] for call in api.writes] == ["POST", "DELETE"]
    assert stack.outputs()["key"] == hashlib.sha256(b"value-2-not-real").hexdigest()

    bucket["objects"] = 12
    stack.run("destroy", "--yes", "--skip-preview")
    assert api.buckets == {NAME: bucket}
    assert (bucket["objects"], bucket["lifecycle"][0]["id"]) == (12, "dhanman-unfinished-uploads")
    assert api.tokens == {}, "nobody needs the key any more"

    # taken up again: not by accident, and not made anew
    stack.give(replace(SPEC, key_number=2))
    assert "already exists, and you own it" in stack.up(fails=True)
    stack.give(replace(SPEC, key_number=2, adopt=True))
    stack.up()
    assert api.buckets[NAME]["objects"] == 12 and api.buckets[NAME]["lock"][0]["enabled"] is True
    stack.up("--expect-no-changes")


@pytest.mark.slow
def test_a_protected_bucket_is_not_even_taken_out_of_the_state(
    tmp_path: Path, cloudflare: tuple[Cloudflare, str]
) -> None:
    api, url = cloudflare
    stack = Stack(tmp_path, url=url)
    stack.give(SPEC, protect=True)
    stack.up()
    assert "protected" in stack.run("destroy", "--yes", "--skip-preview", fails=True)
    assert NAME in api.buckets and stack.outputs()


def test_a_bucket_of_a_real_store_outlives_its_stack_and_is_taken_up_again(tmp_path: Path) -> None:
    (server_folder := tmp_path / "server").mkdir()
    (stack_folder := tmp_path / "stack").mkdir()
    with s3_servers.running("versitygw", server_folder) as server:
        spec = replace(
            SPEC,
            kind="s3",
            endpoint=server.url,
            region="us-east-1",
            lock=None,
            admin_key_id=KEY_ID,
            key_id=HOST_KEY_ID,
        )
        stack = Stack(stack_folder, key=HOST_KEY, admin_key=KEY, script="first")
        stack.give(spec)
        stack.run("preview")
        assert server.client.list_buckets()["Buckets"] == [], "a preview asks nobody"
        shown = stack.up()
        assert f"bucket {NAME}: created" in shown
        server.client.put_object(Bucket=NAME, Key="postgresql/a.backup", Body=b"dump")

        # what a script tells once is a secret: not shown, and not legible in the state
        told = stack.outputs()["told"]
        assert told == "told-once-first"
        assert told not in shown and told not in stack.state
        assert not any(key in shown + stack.state for key in (KEY, HOST_KEY))
        stack.up("--expect-no-changes")
        stack.give(spec, script="second")
        stack.up()
        assert stack.outputs()["told"] == told

        stack.run("destroy", "--yes", "--skip-preview")
        assert (stack_folder / "untold").read_text() == told
        assert server.client.get_object(Bucket=NAME, Key="postgresql/a.backup")["Body"].read() == b"dump"
        assert f"bucket {NAME}: unchanged" in stack.up()
        assert server.client.get_object(Bucket=NAME, Key="postgresql/a.backup")["Body"].read() == b"dump"
