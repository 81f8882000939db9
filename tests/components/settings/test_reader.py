"""Reading Pulumi's configuration and the files around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.settings import SettingsError, fail, read
from components.settings.problems import Problem
from components.settings.reader import secret_paths
from tests.components.settings.example import DELETE, changed


def run_by_pulumi(
    monkeypatch: pytest.MonkeyPatch, stack: str, config: dict[str, Any], secret: list[str]
) -> None:
    """Makes the process look as if Pulumi had started it."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(secret))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)


def test_a_preview_reads_with_placeholders_and_an_update_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by_pulumi(monkeypatch, "qa", changed({"hosts/main/hostKey": DELETE}), [])
    assert len(read(dry_run=True, project=tmp_path).placeholders) == 1
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/.local/state")
    with pytest.raises(SettingsError) as caught:
        read(dry_run=False, project=tmp_path)
    assert [problem.path for problem in caught.value.problems] == [("hosts", "main", "hostKey"), ()]


def test_the_overlay_is_for_the_local_stack_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/overlay.yaml").write_text(yaml.safe_dump({"hosts": {"main": {"port": 2222}}}))
    for stack, port in (("local", 2222), ("qa", 22)):
        run_by_pulumi(monkeypatch, stack, changed({"environment": stack}), [])
        assert read(dry_run=True, project=tmp_path).hosts["main"].port == port


def test_another_stack_files_address_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"config": {"dhanman:hosts": {"main": {"address": "192.0.2.10"}}}}
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(other))
    run_by_pulumi(monkeypatch, "qa", changed({}), [])
    with pytest.raises(SettingsError, match=r"is also hosts/main of Pulumi\.prod\.yaml"):
        read(dry_run=True, project=tmp_path)


def test_a_broken_file_is_named_with_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  a: [\n")
    run_by_pulumi(monkeypatch, "qa", changed({}), [])
    with pytest.raises(
        SettingsError, match=r"^Pulumi\.prod\.yaml: line 3 is no valid YAML; correct it and run again$"
    ):
        read(dry_run=True, project=tmp_path)


def test_the_stack_file_tells_which_values_of_an_object_are_secret() -> None:
    own = {"dhanman:services": {"sales": {"port": 1, "secrets": {"Jwt.Key": {"secure": "v1:x"}}}}}
    keys = ["dhanman:services", "dhanman:ssh", "cloudflare:apiToken"]
    assert secret_paths(keys, own) == ["services/sales/secrets/Jwt.Key", "ssh"]


def test_failing_prints_each_problem_on_its_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lines.append)
    with pytest.raises(SystemExit) as caught:
        fail(
            [
                Problem(file="Pulumi.qa.yaml", path=("a", "b"), text="is missing"),
                Problem(file="x", path=(), text="y"),
            ]
        )
    assert caught.value.code == 32
    assert lines == ["Pulumi.qa.yaml: a/b: is missing", "x: y"]
