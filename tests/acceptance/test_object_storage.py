"""A service's objects: its own bucket alone, kept when they are deleted, and back from a backup when they are gone."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from scripts.steps import Steps
from tests.acceptance import object_store
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import World
from toolchain.paths import Clone

pytestmark = pytest.mark.host

PORT = 9000
BUCKET = "local-dhanman-sales"
OTHER = "local-dhanman-payroll"
SERVICE = "dhanman-object-storage-local.service"
BACKUP = "dhanman-object-backup-local@backup.service"
STATUS = "/var/lib/dhanman-object-backup-local/backup.json"
CLIENT = Path(__file__).resolve().parents[2] / "hostctl" / "s3.py"
SUSPENDED = (
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status>'
    "</VersioningConfiguration>"
)
KEY = "letters/2026/Größe 1.pdf"
ASK = """
import json, sys
wanted = json.loads(sys.argv[1])
keys = json.load(open(sys.argv[2]))["ObjectStorage"] if len(sys.argv) > 2 else wanted
port = int(keys["Endpoint"].rpartition(":")[2])
server = Server(port=port, access_key=keys["AccessKey"], secret_key=keys["SecretKey"])
try:
    answer = server.ask(wanted["method"], wanted["path"], wanted.get("query"), wanted.get("body", "").encode(),
                        wanted.get("headers"))
    print(json.dumps({"status": answer.status, "body": answer.body.decode(), "headers": dict(answer.headers)}))
except S3Error as error:
    print(json.dumps({"status": error.status, "code": error.code}))
"""


def ask(world: World, method: str, path: str, *, service: str = "sales", **more: Any) -> dict[str, Any]:
    """A request as the service makes it, with what its settings file says."""
    wanted = json.dumps({"method": method, "path": path} | more)
    program = CLIENT.read_text() + ASK
    command = ["python3", "-", wanted, world.settings_file(service)]
    answer: dict[str, Any] = json.loads(world.host.run(command, input=program).stdout)
    return answer


def put(world: World, key: str, body: str) -> None:
    headers = {"content-type": "application/pdf", "x-amz-meta-owner": "sales"}
    assert ask(world, "PUT", f"/{BUCKET}/{key}", body=body, headers=headers)["status"] == 200


def got(world: World, key: str) -> str | None:
    """The object's content, or None."""
    answer = ask(world, "GET", f"/{BUCKET}/{key}")
    return answer["body"] if answer["status"] == 200 else None


def settings(program: Path, **more: Any) -> dict[str, Any]:
    wanted = {"version": "1.8.0", "artifact": {"path": str(program)}, "memoryMax": "256MiB"}
    section = wanted | {"buckets": ["sales", "payroll"]} | more
    # as in prod and qa; the local stack's own is true
    return {"roles": {"objectStorage": ["local"]}, "objectStorage": section, "deleteData": False}


def objects(world: World, *words: str) -> str:
    """The command that people type."""
    return world.host.run(["dhanman-objects", *words]).stdout


@pytest.fixture(scope="module")
def program() -> Path:
    return object_store.program(Steps(Clone().logs))


@pytest.fixture(scope="module")
def storage(converged_world: ConvergedWorld, program: Path) -> World:
    """An environment with object storage for two of its services."""
    return converged_world("objects", settings(program))


@pytest.fixture
def letter(storage: World) -> Iterator[str]:
    """An object of the service sales."""
    put(storage, KEY, "first")
    yield KEY
    ask(storage, "DELETE", f"/{BUCKET}/{KEY}")


def test_a_second_preview_finds_nothing_to_do_and_the_server_is_hardened(storage: World) -> None:
    assert storage.preview() == []
    assert storage.drift() == []
    exposure = storage.run(f"systemd-analyze security --no-pager {SERVICE} | tail -1")
    found = re.search(r": ([\d.]+) ", exposure)
    assert found and float(found[1]) < 2.0, exposure
    # neither its key nor anybody else's is in what everybody can read
    shown = storage.run(f"systemctl show {SERVICE}; ps -eo args")
    assert not [name for name, secret in storage.secrets().items() if secret in shown]


def test_a_service_uses_its_own_bucket_and_no_other(storage: World, letter: str) -> None:
    assert got(storage, letter) == "first"
    assert ask(storage, "GET", f"/{BUCKET}", query={"list-type": "2"})["status"] == 200
    for method, path, query in (
        ("GET", f"/{OTHER}", {"list-type": "2"}),
        ("PUT", f"/{OTHER}/stolen", {}),
        ("GET", f"/{OTHER}/stolen", {}),
        ("PUT", "/a-bucket-of-my-own", {}),
        ("DELETE", f"/{BUCKET}", {}),
        ("PUT", f"/{BUCKET}", {"policy": ""}),
        ("PUT", f"/{BUCKET}", {"versioning": ""}),
        ("GET", f"/{BUCKET}", {"versions": ""}),
    ):
        answer = ask(storage, method, path, query=query, body=SUSPENDED)
        assert (answer["status"], answer["code"]) == (403, "AccessDenied"), (method, path, query, answer)
    other = ask(storage, "GET", f"/{BUCKET}/{letter}", service="payroll")
    assert other["code"] == "AccessDenied"
    listed = ask(storage, "GET", "/")
    assert OTHER not in listed["body"]


def test_nobody_outside_the_private_ranges_reaches_the_port(storage: World) -> None:
    inside = storage.host.address
    storage.host.add_address("198.51.100.20/24")
    socket.create_connection((inside, PORT), timeout=2).close()
    with pytest.raises(OSError):
        socket.create_connection(("198.51.100.20", PORT), timeout=2)


def test_a_deleted_object_comes_back_from_the_backup_with_its_attributes(storage: World, letter: str) -> None:
    put(storage, "letters/stays.pdf", "as it was")
    storage.run(f"systemctl start {BACKUP}")
    status = json.loads(storage.run(f"cat {STATUS}"))
    assert (status["result"], status["snapshots"]) == ("ok", 1)
    put(storage, "letters/stays.pdf", "changed since")
    ask(storage, "DELETE", f"/{BUCKET}/{letter}")
    assert got(storage, letter) is None

    assert f"{BUCKET}: 1 brought back, 0 were as they had been" in objects(storage, "restore", BUCKET, letter)
    answer = ask(storage, "GET", f"/{BUCKET}/{letter}")
    assert answer["body"] == "first"
    assert answer["headers"]["content-type"] == "application/pdf"
    assert answer["headers"]["x-amz-meta-owner"] == "sales"
    # what was not asked for is as it was
    assert got(storage, "letters/stays.pdf") == "changed since"

    said = objects(storage, "restore", BUCKET, "--at", objects(storage, "list").split()[0])
    assert f"{BUCKET}: 1 brought back, 1 were as they had been" in said
    assert got(storage, "letters/stays.pdf") == "as it was"
    assert storage.run("ls /var/lib | grep restore || true") == ""
    assert storage.run("dhanman-objects check").startswith("check completed")


def test_the_backup_is_encrypted_and_a_flipped_byte_in_it_is_found(storage: World, letter: str) -> None:
    put(storage, "letters/secret.txt", "payslip of " + "x" * 4096)
    storage.run(f"systemctl start {BACKUP}")
    repository = "/srv/dhanman/backups/object-storage"
    assert storage.run(f"grep -rl 'payslip of' {repository} || true") == ""
    file = storage.run(f"find {repository}/data -type f -size +3k | head -1").strip()
    storage.run(f"cp -p {file} /root/kept && chmod u+w {file} && "
                f"printf x | dd of={file} bs=1 seek=100 conv=notrunc status=none")  # fmt: skip
    try:
        checks = [
            storage.host.run(
                f"python3 -I -c 'import sys; sys.path.insert(0, \"/usr/local/lib/dhanman-objects\"); "
                f"from objectctl.config import parse; from objectctl.restic import Restic; "
                f"Restic(parse(open(\"/etc/dhanman/local/object-backup.json\").read())).check(\"{part}/4\")'",
                check=False,
            ).stderr
            for part in (1, 2, 3, 4)
        ]  # fmt: skip
        assert any("Failure: restic check: exit status" in said for said in checks), checks
    finally:
        storage.run(f"cp -p /root/kept {file}")


@pytest.mark.slow
def test_a_broken_version_never_serves_and_a_good_one_restarts_the_server_alone(
    storage: World, program: Path, letter: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    slot = storage.run(f"systemctl show -p MainPID {storage.slot('sales')}")
    storage.configure(settings(broken, version="1.9.0"))
    said = storage.up(check=False)
    assert "the previous state was put back" in said
    assert got(storage, letter) == "first"
    storage.configure(settings(program, version="1.8.0-again"))
    # the service's settings do not change with it, so no service is deployed
    assert storage.preview() == ["object-backup-timers", "object-storage-program", "object-storage-server"]
    storage.up()
    assert "1.8.0-again" in storage.run(f"systemctl show -p ExecStart {SERVICE}")
    assert got(storage, letter) == "first"
    assert storage.run(f"systemctl show -p MainPID {storage.slot('sales')}") == slot
    storage.configure(settings(program))
    storage.up()


@pytest.mark.slow
def test_a_key_that_is_replaced_reaches_server_and_service(storage: World, letter: str) -> None:
    former = storage.secrets()["object-storage-sales-key"]
    urn = next(
        line.split()[-1]
        for line in storage.pulumi("stack", "--show-urns", "--stack", "local").stdout.splitlines()
        if line.rstrip().endswith("::object-storage-sales-key")
    )
    storage.up("--replace", urn)
    assert storage.secrets()["object-storage-sales-key"] != former
    assert got(storage, letter) == "first"
    old = {"Endpoint": f"http://localhost:{PORT}", "AccessKey": "dhanman-sales-local", "SecretKey": former}
    wanted = json.dumps(old | {"method": "GET", "path": f"/{BUCKET}/{letter}"})
    answer = json.loads(storage.host.run(["python3", "-", wanted], input=CLIENT.read_text() + ASK).stdout)
    assert answer["code"] == "SignatureDoesNotMatch"
    assert storage.preview() == []


def test_a_backup_that_is_killed_stops_no_other_one(storage: World, letter: str) -> None:
    storage.run(f"head -c 80M /dev/urandom > /root/large && systemctl start {BACKUP}")
    # restic reads it for long enough to be killed with its lock in the repository
    storage.run("cp /root/large /var/lib/dhanman-object-storage-local/large-of-the-test")
    folder = "/srv/dhanman/backups/object-storage/locks"
    # a lock that is still being written has another name, and the commands before the backup have theirs
    locks = f"ls {folder} | {{ grep -xE '[0-9a-f]{{64}}' || true; }}"
    held = f"pgrep -f '[r]estic --quiet backup' >/dev/null && {locks} | grep -q ."
    storage.run(
        f"systemctl start --no-block {BACKUP}; timeout 60 bash -c {quote(f'until {held}; do :; done')} && "
        f"systemctl kill --signal=KILL {BACKUP}; timeout 60 sh -c 'while systemctl is-active -q {BACKUP}; do :; done'"
    )
    try:
        assert storage.run(locks).strip(), "the run was killed while it held its lock"
        assert json.loads(storage.run(f"cat {STATUS}"))["result"] == "ok", "a killed run writes nothing"
        # and what a run leaves that is killed before its file has its name
        storage.run(f"touch -d '1 hour ago' {folder}/0a1b-tmp-1415226197")
        storage.run(f"systemctl start {BACKUP}")
        assert storage.run(locks) == ""
        assert "0a1b-tmp" not in storage.run(f"ls {folder}")
    finally:
        storage.run("rm /root/large /var/lib/dhanman-object-storage-local/large-of-the-test")


@pytest.mark.slow
def test_what_is_changed_by_hand_is_seen_and_put_back(storage: World, letter: str) -> None:
    storage.run(f"systemctl stop {SERVICE}")
    assert f"service:{SERVICE}: inactive" in storage.drift()
    storage.up()
    assert got(storage, letter) == "first"
    assert storage.drift() == []


@pytest.mark.slow
def test_a_service_without_bucket_loses_its_key_and_what_is_taken_out_keeps_its_data(
    storage: World, program: Path
) -> None:
    put(storage, KEY, "kept")
    keys = storage.secrets()
    storage.configure(settings(program, buckets=["payroll"]))
    storage.up()
    assert "ObjectStorage" not in storage.run(f"cat {storage.settings_file('sales')}")
    old = {"Endpoint": "http://localhost:9000", "AccessKey": "dhanman-sales-local"}
    wanted = json.dumps(old | {"SecretKey": keys["object-storage-sales-key"], "method": "GET", "path": "/"})
    answer = json.loads(storage.host.run(["python3", "-", wanted], input=CLIENT.read_text() + ASK).stdout)
    assert answer["code"] == "InvalidAccessKeyId"

    storage.configure({})
    storage.up()
    kept = f"/var/lib/dhanman-object-storage-local/buckets/{BUCKET}/{KEY}"
    assert storage.run(f"cat '{kept}'") == "kept"
    assert storage.run("systemctl list-unit-files --no-legend 'dhanman-object*' || true") == ""
    assert storage.run("ls /opt/dhanman/local; ls /etc/dhanman/local").find("object") < 0
    assert storage.run("cat /etc/dhanman/firewall.nft").find("9000") < 0

    storage.configure(settings(program))
    storage.up()
    assert got(storage, KEY) == "kept"
    assert storage.preview() == []
