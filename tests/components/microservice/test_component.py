"""A microservice's resources, against Pulumi's mocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

from components.microservice import Microservice, MicroserviceArgs, Runtime, RuntimeArgs
from tests.components.microservice.test_plan import BROKER, DATABASE, SPEC
from tests.components.recording import Recording, record, target


def service(artifact: Path | None = None) -> Recording:
    def program() -> None:
        values: dict[str, Any] = {
            "database_password": pulumi.Output.secret("fake-a"),
            "broker_password": pulumi.Output.secret("fake-b"),
            "secrets": pulumi.Output.secret({"Brevo.ApiKey": "fake-c"}),
        }
        args = MicroserviceArgs(
            target=target(), spec=SPEC, artifact=artifact, database=DATABASE, broker=BROKER, **values
        )
        made = Microservice("sales", args)
        assert (made.unit, made.port, made.version) == ("dhanman-sales-prod.service", 5006, "1.4.0")

    return record(program)


def test_every_secret_is_in_the_document_and_redacted() -> None:
    unit = service()["sales-service"]
    assert unit.is_secret("stdin")
    document = json.loads(unit.plain("stdin"))
    assert set(document["redact"]) == {"fake-a", "fake-b", "fake-c"}
    (settings,) = [t["settings"] for t in document["things"] if t["kind"] == "deployment"]
    assert "Password=fake-a" in settings


def test_an_artifact_of_this_machine_is_uploaded_first(tmp_path: Path) -> None:
    artifact = tmp_path / "sales.tar.gz"
    artifact.write_bytes(b"not read here")
    recording = service(artifact)
    assert recording["sales-artifact"].plain("remotePath") == SPEC.source
    assert "sales-artifact" in recording.before("sales-service")


def test_an_artifact_with_a_url_is_the_host_s_to_fetch() -> None:
    assert [r.name for r in service().remote] == ["sales-service"]


def test_a_runtime_is_one_unit() -> None:
    args = RuntimeArgs(target=target(), environment="qa", packages=("python3",))
    recording = record(lambda: Runtime("runtime", args))
    assert [r.name for r in recording.remote] == ["runtime-packages"]
