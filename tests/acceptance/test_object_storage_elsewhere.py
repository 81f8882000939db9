"""Object storage in its other forms: MinIO as the server, a bucket as the place of the backups."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scripts.steps import Steps
from tests.acceptance import minio_programs, object_store
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.object_store import ObjectStore
from tests.acceptance.test_object_storage import (
    BACKUP,
    BUCKET,
    OTHER,
    SERVICE,
    STATUS,
    ask,
    got,
    objects,
    put,
    settings,
)
from tests.acceptance.world import World
from toolchain.paths import Clone

pytestmark = [pytest.mark.host, pytest.mark.slow]

KEY = "letters/1.pdf"
LARGER = {"hosts": {"local": {"memory": "4352MiB"}}, "deleteData": True}


@pytest.fixture(scope="module")
def programs() -> dict[str, Path]:
    return minio_programs.programs(Steps(Clone().logs))


@pytest.fixture(scope="module")
def minio(converged_world: ConvergedWorld, programs: dict[str, Path]) -> World:
    """An environment with MinIO, which is administered by its own client."""
    more = {"kind": "minio", "client": {"path": str(programs["mc"])}, "memoryMax": "512MiB"}
    wanted = settings(programs["minio"], **more)
    return converged_world("minio", wanted | LARGER)


@pytest.fixture(scope="module")
def store(minio: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A bucket outside of the host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((minio.host.address, 9))
        address = probe.getsockname()[0]
    made = ObjectStore(tmp_path_factory.mktemp("store"), address, object_store.program(Steps(Clone().logs)))
    made.make()
    made.known_to(minio.host)
    made.start()
    yield made
    made.stop()


def test_a_service_uses_its_own_bucket_of_minio_and_no_other(minio: World) -> None:
    assert minio.preview() == []
    assert minio.drift() == []
    put(minio, KEY, "first")
    assert got(minio, KEY) == "first"
    put(minio, KEY, "second")
    versions = re.findall(
        r"<VersionId>([^<]+)", ask(minio, "GET", f"/{BUCKET}", query={"versions": ""})["body"]
    )
    assert len(versions) == 2
    former = {"versionId": versions[-1]}
    for method, path, query in (
        ("DELETE", f"/{BUCKET}/{KEY}", former),
        ("GET", f"/{OTHER}", {"list-type": "2"}),
        ("PUT", f"/{OTHER}/stolen", {}),
        ("PUT", "/a-bucket-of-my-own", {}),
        ("DELETE", f"/{BUCKET}", {}),
    ):
        answer = ask(minio, method, path, query=query)
        assert (answer["status"], answer["code"]) == (403, "AccessDenied"), (method, path, answer)
    assert ask(minio, "GET", f"/{BUCKET}/{KEY}", service="payroll")["code"] == "AccessDenied"
    shown = minio.run(f"systemctl show {SERVICE}; ps -eo args")
    assert not [name for name, secret in minio.secrets().items() if secret in shown]


def test_rights_that_were_widened_by_hand_are_seen_and_taken_back(minio: World) -> None:
    server = shlex.split(minio.run("ls -d /opt/dhanman/local/object-storage-client/releases/*/mc"))[0]
    mc = f"{server} --config-dir /root/mc admin"
    minio.run(
        "cp -r /etc/dhanman/local/object-storage/mc /root/mc && "
        f"{mc} policy attach dhanman readwrite --user dhanman-sales-local; rm -r /root/mc"
    )
    assert f"object_bucket:{BUCKET}: rights of dhanman-sales-local" in minio.drift()
    minio.up()
    assert ask(minio, "PUT", f"/{OTHER}/stolen")["code"] == "AccessDenied"
    assert minio.drift() == []


def test_objects_of_minio_come_back_from_a_bucket_that_knows_nothing_of_them(
    minio: World, store: ObjectStore, programs: dict[str, Path]
) -> None:
    more = {"kind": "minio", "client": {"path": str(programs["mc"])}, "memoryMax": "512MiB"}
    wanted = settings(programs["minio"], **more) | LARGER
    bucket = {"backup": {"bucket": store.settings(), "physical": {"enabled": False}}}
    # an overlay is merged, and the local stack's own bucket is of another kind
    stack = minio.project / "Pulumi.local.yaml"
    content = yaml.safe_load(stack.read_text())
    del content["config"]["dhanman:backup"]["bucket"]
    stack.write_text(yaml.safe_dump(content))
    minio.configure(wanted | bucket)
    minio.up()
    put(minio, KEY, "first")
    put(minio, "letters/2.pdf", "payslip of somebody")
    minio.run(f"systemctl start {BACKUP}")
    assert json.loads(minio.run(f"cat {STATUS}"))["result"] == "ok"
    stored = [p for p in (store.objects / "postgresql/object-storage").rglob("*") if p.is_file()]
    assert stored
    assert not any(b"payslip of somebody" in p.read_bytes() for p in stored)
    ask(minio, "DELETE", f"/{BUCKET}/letters/2.pdf")
    put(minio, KEY, "changed since")
    assert "1 brought back, 0 were" in objects(minio, "restore", BUCKET, "letters/2.pdf")
    assert got(minio, "letters/2.pdf") == "payslip of somebody"
    assert "1 brought back, 1 were" in objects(minio, "restore", BUCKET)
    assert got(minio, KEY) == "first"

    store.stop()
    done = minio.host.run(["systemctl", "start", BACKUP], check=False)
    assert done.returncode != 0
    status = json.loads(minio.run(f"cat {STATUS}"))
    assert status["result"] == "failed"
    journal = minio.run(f"journalctl --quiet --output=cat --unit={BACKUP}")
    assert "next: the bucket can't be reached from this host" in journal
    store.start()
    minio.run(f"systemctl start {BACKUP}")
    assert json.loads(minio.run(f"cat {STATUS}"))["result"] == "ok"


def test_data_goes_only_where_it_was_asked_for(minio: World) -> None:
    minio.configure({"deleteData": True})
    minio.up()
    assert minio.run("ls /var/lib | grep object-storage || true") == ""
    assert minio.run("ls /etc/dhanman/local /opt/dhanman/local | grep object || true") == ""
