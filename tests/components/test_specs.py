"""From settings to specs: what is derived on the way."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from components import specs
from components.settings import Artifact
from tests.components.recording import stack_settings
from tests.components.settings.example import Load


@pytest.mark.parametrize(
    ("value", "written"), [(True, "on"), (False, "off"), (4, "4"), (1.1, "1.1"), ("it's", "'it''s'")]
)
def test_a_further_setting_is_written_as_postgresql_reads_it(
    load_outputs: Load, value: bool | int | float | str, written: str
) -> None:
    settings = load_outputs({"postgres/settings/some_setting": value})
    assert specs.postgres(settings).extra == {"some_setting": written}


def test_an_artifact_behind_a_url_is_fetched_by_the_host_and_not_uploaded() -> None:
    artifact = Artifact(url="https://artifacts.dhanman.com/sales.tar.gz", sha256="ab" * 32)
    release = specs.release(stack_settings("qa"), "sales", artifact)
    assert release == specs.Release(source=str(artifact.url), sha256="ab" * 32, upload=None)


def test_each_slot_listens_on_its_port_or_on_its_socket(load_outputs: Load) -> None:
    ports = {"blue": 6006, "green": 7006}
    settings = load_outputs({"services/sales/slotPorts": ports})
    artifact = specs.Release(source="", sha256="", upload=None)
    assert specs.microservice(settings, "sales", artifact).slot_ports == ports
    assert specs.microservice(settings, "common", artifact).slot_ports is None


@pytest.mark.parametrize(("stack", "guarded"), [("prod", True), ("qa", True), ("local", False)])
def test_data_is_guarded_by_a_drill_except_on_a_local_host(stack: str, guarded: bool) -> None:
    settings = stack_settings(stack)
    gate = specs.data_gate(settings, settings.host_of("postgres")[0], "")
    assert (gate is not None) is guarded
    if gate:
        assert (gate.stack, gate.report) == (stack, f"/var/lib/dhanman-backup-{stack}/drill.json")
    assert specs.data_gate(settings, "another", "") is None


def test_a_reason_to_go_on_without_a_drill_travels_to_the_gate(load_outputs: Load) -> None:
    gate = specs.data_gate(load_outputs({"backup/requireDrill": True}), "main", "no time")
    assert gate
    assert '"anyway": "no time"' in gate.file.content
    assert specs.data_gate(load_outputs({"backup/requireDrill": False}), "main", "") is None
    assert specs.data_gate(load_outputs({"backup/physical/enabled": False}), "main", "") is None


STORAGE = {
    "roles/objectStorage": ["main"],
    "objectStorage": {
        "version": "1.8.0",
        "artifact": {"url": "https://example.com/v1.8.0.tar.gz", "sha256": "a" * 64},
    },
}


def test_without_object_storage_no_port_is_opened_for_it(load_outputs: Load) -> None:
    bare, with_storage = load_outputs(), load_outputs(STORAGE)
    assert 9000 not in specs.host(bare, "main").private_ports
    assert specs.host(with_storage, "main").private_ports[-1] == 9000


def test_a_vendor_s_archive_is_looked_into_and_a_plain_program_is_not(load_outputs: Load) -> None:
    settings = load_outputs(STORAGE)
    assert settings.object_storage
    program = specs.objects(settings, settings.object_storage).storage.program
    assert (program.archive, program.executable) == (True, "versitygw_v1.8.0_Linux_x86_64/versitygw")
    minio = load_outputs(
        STORAGE
        | {
            "objectStorage/kind": "minio",
            "objectStorage/artifact": {"url": "https://example.com/minio?v=1", "sha256": "a" * 64},
            "objectStorage/client": {"url": "https://example.com/mc", "sha256": "b" * 64},
        }
    )
    assert minio.object_storage
    storage = specs.objects(minio, minio.object_storage).storage
    assert storage.client
    assert [(p.archive, p.executable) for p in (storage.program, storage.client)] == [
        (False, "minio"),
        (False, "mc"),
    ]


def test_a_program_on_this_machine_is_packed_and_uploaded(
    load_outputs: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "versitygw"
    program.write_bytes(b"\x7fELF not really")
    monkeypatch.chdir(tmp_path)
    settings = load_outputs(STORAGE | {"objectStorage/artifact": {"path": str(program)}})
    assert settings.object_storage
    made = specs.objects(settings, settings.object_storage)
    ((packed, place),) = made.uploads
    assert made.storage.program.source == place
    assert made.storage.program.sha256[:12] in place
    with tarfile.open(packed) as archive:
        (member,) = archive.getmembers()
    assert (member.name, member.mode) == ("versitygw", 0o755)


@pytest.mark.parametrize(
    ("bucket", "address"),
    [
        (None, "/backups/object-storage"),
        ({"kind": "folder", "path": "/srv/copies"}, "/srv/copies/object-storage"),
        (
            {"kind": "s3", "name": "copies", "endpoint": "https://s3.example.com", "keyId": "id", "key": "k"},
            "s3:https://s3.example.com/copies/postgresql/object-storage",
        ),
        (
            {
                "kind": "b2",
                "name": "copies",
                "endpoint": "https://s3.us-west-004.backblazeb2.com",
                "keyId": "0123456789",
                "key": "k",
            },
            "s3:https://s3.us-west-004.backblazeb2.com/copies/postgresql/object-storage",
        ),
    ],
)
def test_objects_are_backed_up_beside_the_databases(
    load_outputs: Load, bucket: dict[str, str] | None, address: str
) -> None:
    settings = load_outputs(STORAGE | ({"backup": {"bucket": bucket}} if bucket else {}))
    assert settings.object_storage
    backup = specs.objects(settings, settings.object_storage).backup
    assert backup.repository.address == address
    assert backup.retention_days == settings.backup.retention_days


def test_services_without_a_bucket_have_no_key_to_any(load_outputs: Load) -> None:
    settings = load_outputs(STORAGE | {"objectStorage/buckets": ["sales"]})
    assert settings.bucketed == ("sales",)
    assert load_outputs(STORAGE).bucketed == ("common", "sales")
    assert load_outputs().bucketed == ()
