"""The object storage's server, and the services' buckets and keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.object_storage.plan import ObjectStorageSpec, buckets_unit, server_unit
from components.unit import (
    Directory,
    File,
    HttpCheck,
    ObjectBucket,
    ObjectKey,
    Release,
    Unit,
)

SECRET = "not-a-real-root-secret"
SECRETS = {"payroll": "not-a-real-secret-1", "sales": "not-a-real-secret-2"}
UNIT_FILE = "/etc/systemd/system/dhanman-object-storage-qa.service"


def files(unit: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in unit.things if isinstance(thing, File)}


def releases(unit: Unit) -> list[Release]:
    return [thing for thing in unit.things if isinstance(thing, Release)]


def test_the_root_key_is_in_files_of_root_alone(
    versitygw: ObjectStorageSpec, minio: ObjectStorageSpec
) -> None:
    for spec, name in ((versitygw, "ROOT_SECRET_KEY"), (minio, "MINIO_ROOT_PASSWORD")):
        unit = server_unit(spec, SECRET)
        holding = {path: file for path, file in files(unit).items() if SECRET in file.content}
        assert all(f.secret and f.owner == "root" and f.mode in ("0400", "0600") for f in holding.values())
        assert f"{name}={SECRET}" in holding["/etc/dhanman/qa/object-storage/root.env"].content.splitlines()
        assert unit.redact == (SECRET,)
        assert SECRET not in files(unit)[UNIT_FILE].content


def test_the_administration_is_a_socket_of_the_server_s_own_user(versitygw: ObjectStorageSpec) -> None:
    content = files(server_unit(versitygw, SECRET))[UNIT_FILE].content
    (command,) = [line for line in content.splitlines() if line.startswith("ExecStart=")]
    assert "--admin-port /run/dhanman-object-storage-qa/admin.sock --socket-perm 0600" in command
    assert command.startswith("ExecStart=/opt/dhanman/qa/object-storage/releases/1.8.0/v/versitygw ")
    # a key that is replaced or revoked counts at once
    assert "--iam-cache-disable" in command
    assert "--webui" not in command


def test_minio_has_no_console(minio: ObjectStorageSpec) -> None:
    content = files(server_unit(minio, SECRET))[UNIT_FILE].content
    assert 'Environment="MINIO_BROWSER=off"' in content
    assert "--console-address" not in content


def test_a_program_that_is_no_archive_is_kept_as_it_is(
    versitygw: ObjectStorageSpec, minio: ObjectStorageSpec
) -> None:
    (archive,) = releases(server_unit(versitygw, SECRET))
    assert (archive.version, archive.executable, archive.program) == ("1.8.0", "v/versitygw", None)
    server, client = releases(server_unit(minio, SECRET))
    assert (server.program, client.program) == ("minio", "mc")
    # another client is another version, although the settings have one for the server alone
    assert client.version == "b" * 12


def test_a_service_s_release_is_the_text_that_it_was_before_there_were_programs() -> None:
    release = Release(root="/opt/x", version="1", source="https://x/a.tar.gz", sha256="a" * 64)
    assert "program" not in release.to_json()


@pytest.mark.parametrize("memory", [256 << 20, 2 << 30])
def test_the_garbage_collector_knows_the_ceiling(versitygw: ObjectStorageSpec, memory: int) -> None:
    content = files(server_unit(replace(versitygw, memory_max=memory), SECRET))[UNIT_FILE].content
    assert f"MemoryMax={memory}" in content.splitlines()
    assert f"Environment=GOMEMLIMIT={memory * 9 // 10}" in content.splitlines()


def test_what_is_kept_is_data_of_the_server_alone(versitygw: ObjectStorageSpec) -> None:
    folders = [t for t in server_unit(versitygw, SECRET).things if isinstance(t, Directory) and t.data]
    names = ["", "/buckets", "/versions", "/keys"]
    assert [f.path for f in folders] == [f"{versitygw.data}{name}" for name in names]
    assert {(f.owner, f.mode) for f in folders} == {("dhanman-object-storage-qa", "0750")}


def test_the_server_counts_as_applied_when_it_is_healthy(
    versitygw: ObjectStorageSpec, minio: ObjectStorageSpec
) -> None:
    for spec, path in ((versitygw, "/health"), (minio, "/minio/health/ready")):
        (check,) = server_unit(spec, SECRET).checks
        assert isinstance(check, HttpCheck)
        assert (check.path, check.port) == (path, 9000)


def test_another_version_restarts_the_server(versitygw: ObjectStorageSpec) -> None:
    other = replace(versitygw, version="1.9.0")
    before, after = (files(server_unit(spec, SECRET))[UNIT_FILE] for spec in (versitygw, other))
    assert before.content != after.content
    assert after.notify == ("daemon-reload", "restart dhanman-object-storage-qa.service")


def test_each_service_has_a_bucket_and_a_key_that_opens_it(versitygw: ObjectStorageSpec) -> None:
    unit = buckets_unit(versitygw, SECRETS)
    keys = {t.name: t.password for t in unit.things if isinstance(t, ObjectKey)}
    buckets = {t.name: t.access_key for t in unit.things if isinstance(t, ObjectBucket)}
    assert keys == {
        "dhanman-payroll-qa": SECRETS["payroll"],
        "dhanman-sales-qa": SECRETS["sales"],
    }
    assert buckets == {
        "qa-dhanman-payroll": "dhanman-payroll-qa",
        "qa-dhanman-sales": "dhanman-sales-qa",
    }
    assert set(unit.redact) == set(SECRETS.values())
    # a policy may only name keys that are there
    assert [t.kind for t in unit.things] == ["object_key", "object_key", "object_bucket", "object_bucket"]


def test_the_host_reaches_each_kind_by_its_own_way(
    versitygw: ObjectStorageSpec, minio: ObjectStorageSpec
) -> None:
    assert versitygw.server.admin == "/run/dhanman-object-storage-qa/admin.sock"
    assert versitygw.server.client is None
    assert minio.server.admin is None
    assert minio.server.client == f"/opt/dhanman/qa/object-storage-client/releases/{'b' * 12}/mc"
