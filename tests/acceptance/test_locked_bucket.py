"""pgBackRest and the dumps go on as ever in a bucket with versions and a lock: on a host, with MinIO.

What they delete is hidden, stays for as long as it is locked, and can be had back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from components.backup.bucket.ensure import ensure
from components.backup.bucket.s3 import S3Store
from components.backup.bucket.spec import Lock, Wanted
from scripts.steps import Steps
from tests.acceptance import s3_servers
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.object_store import BUCKET, KEY, KEY_ID, PORT, ObjectStore
from tests.acceptance.world import World
from tests.waiting import until

pytestmark = [pytest.mark.host, pytest.mark.slow]

PGBACKREST = "runuser -u postgres -- pgbackrest --stanza=local"


@dataclass
class Minio(ObjectStore):
    """The same with MinIO in the place of versitygw."""

    def command(self) -> list[str]:
        certificates = self.folder / "certificates"
        certificates.mkdir(exist_ok=True)
        shutil.copy(self.folder / "server.crt", certificates / "public.crt")
        shutil.copy(self.folder / "server.key", certificates / "private.key")
        options = [
            "server",
            "--quiet",
            "--certs-dir",
            str(certificates),
            "--address",
            f"{self.address}:{PORT}",
        ]
        root = [f"MINIO_ROOT_USER={KEY_ID}", f"MINIO_ROOT_PASSWORD={KEY}"]
        return ["env", *root, str(self.program), *options, str(self.folder / "minio")]

    @property
    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=f"https://{self.address}:{PORT}",
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=KEY,
            # its certificate is for the name that the host knows it by
            verify=False,
        )

    def versions(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix)
        return [version for page in pages for version in page.get("Versions", [])]


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld) -> World:
    return converged_world("locked")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Minio]:
    folder = tmp_path_factory.mktemp("minio")
    made = Minio(
        folder, world.host.address.rpartition(".")[0] + ".1", s3_servers.minio(Steps(folder / "logs"))
    )
    made.make()
    made.known_to(world.host)
    made.start()
    wanted = Wanted(
        kind="s3",
        name=BUCKET,
        environment="local",
        endpoint=f"https://{made.address}:{PORT}",
        region="us-east-1",
        hidden_days=7,
        lock=Lock(days=1, mode="governance"),
        adopt=False,
        change=True,
        key_id=KEY_ID,
        key=KEY,
    )
    until(lambda: answers(made), 20)
    assert ensure(wanted, S3Store(wanted, made.client))[0] == f"bucket {BUCKET}: created"
    yield made
    made.stop()


@pytest.fixture(scope="module", autouse=True)
def environment(world: World, store: Minio) -> None:
    file = world.project / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["dhanman:backup"]["bucket"] = store.settings() | {"lock": {"days": 1}}
    file.write_text(yaml.safe_dump(content))
    assert "not looked at, since this machine does not reach it" in world.up()
    until(lambda: len(backups(world)) == 1 and not busy(world), 240)


def busy(world: World) -> bool:
    """Whether the first backup is still being made: only one of them runs at a time."""
    state = world.run("systemctl show --property=ActiveState --value dhanman-pgbackrest-local@full")
    return state.strip() not in ("inactive", "failed")


def answers(store: Minio) -> bool:
    try:
        store.client.list_buckets()
    except Exception:  # it does not listen yet, or is not ready
        return False
    return True


def backups(world: World) -> list[str]:
    (stanza,) = json.loads(world.run(f"{PGBACKREST} --repo=2 --output=json info"))
    return [backup["label"] for backup in stanza["backup"]]


def test_backups_expire_as_ever_and_what_expired_is_there_while_it_is_locked(
    world: World, store: Minio
) -> None:
    (first,) = backups(world)
    world.run(
        f"{PGBACKREST} --repo=2 --type=full --repo2-retention-full-type=count --repo2-retention-full=1 backup"
    )
    assert first not in backups(world) and len(backups(world)) == 1
    world.run(f"{PGBACKREST} --repo=2 --type=incr backup")
    world.run("systemctl start dhanman-pgbackrest-local@verify")

    gone = store.versions(f"postgresql/pgbackrest/backup/local/{first}/")
    assert gone and not any(version["IsLatest"] for version in gone), "hidden, and not deleted"
    with pytest.raises(ClientError, match=r"WORM|protected|AccessDenied"):
        store.client.delete_object(Bucket=BUCKET, Key=gone[0]["Key"], VersionId=gone[0]["VersionId"])


def test_a_dump_is_uploaded_pruned_and_still_there_while_it_is_locked(world: World, store: Minio) -> None:
    world.run("systemctl start dhanman-backup-local")
    dumps = store.versions("postgresql/local-dhanman-sales_")
    assert dumps and all(version["IsLatest"] for version in dumps)
    world.run(
        "runuser -u postgres -- dhanman-bucket /etc/dhanman/local/bucket.json prune local-dhanman-sales_ 0"
    )
    world.run("systemctl start dhanman-backup-local")
    world.run(
        "runuser -u postgres -- dhanman-bucket /etc/dhanman/local/bucket.json prune local-dhanman-sales_ 0"
    )
    hidden = [
        version for version in store.versions("postgresql/local-dhanman-sales_") if not version["IsLatest"]
    ]
    assert {version["Key"] for version in hidden} == {version["Key"] for version in dumps}
    with pytest.raises(ClientError, match=r"WORM|protected|AccessDenied"):
        store.client.delete_object(Bucket=BUCKET, Key=hidden[0]["Key"], VersionId=hidden[0]["VersionId"])


def test_the_key_is_in_files_that_postgres_alone_can_read_and_in_no_other(world: World) -> None:
    found = world.run(
        f"grep -rlF {KEY} /etc /usr/local /var/lib/dhanman /var/lib/dhanman-backup-local || true"
    ).split()
    assert sorted(found) == ["/etc/dhanman/local/bucket.json", "/etc/pgbackrest/pgbackrest.conf"]
    for path in found:
        assert world.run(f"stat -c '%a %U' {path}").strip() == "400 postgres"


def test_a_second_up_changes_nothing(world: World) -> None:
    assert "unchanged" in world.up("--expect-no-changes")
