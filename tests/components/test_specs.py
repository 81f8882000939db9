"""From settings to specs: what is derived on the way."""

from __future__ import annotations

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
