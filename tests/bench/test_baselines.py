from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.tools import baselines
from bench.tools.shell import render, settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return baselines.variables()


def named_files(values: dict[str, Any]) -> set[str]:
    single = {v for k, v in values.items() if k.endswith(("_file", "_script"))}
    return single.union(*(v for k, v in values.items() if k.endswith("_files")))


def test_every_file_that_the_variables_name_has_a_template(values: dict[str, Any]) -> None:
    missing = [p for p in named_files(values) if not (baselines.TEMPLATES / p.lstrip("/")).is_file()]
    assert missing == []


def test_every_template_is_used(values: dict[str, Any]) -> None:
    of_services = {
        "/etc/systemd/system/dhanman-service.service",
        "/opt/dhanman/service/appsettings.Local.json",
    }
    templates = {
        f"/{p.relative_to(baselines.TEMPLATES)}" for p in baselines.TEMPLATES.rglob("*") if p.is_file()
    }
    assert templates == named_files(values) | of_services


def test_the_baselines_have_the_services_and_domains_of_the_local_stack(values: dict[str, Any]) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    ours = {n: (s["port"], s["domain"]) for n, s in config["dhanman:services"].items()}
    assert {s["name"]: (s["port"], s["domain"]) for s in values["services"]} == ours
    assert values["frontend_domain"] == config["dhanman:frontend"]["domain"]


def test_a_changed_body_size_changes_one_rendered_file(values: dict[str, Any], tmp_path: Path) -> None:
    for size in ("10m", "20m"):
        render(tmp_path / size, values | {"client_max_body_size": size})
    done = subprocess.run(
        ["diff", "-rq", "10m", "20m"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [
        *(
            "Files",
            "10m/etc/nginx/sites-available/dhanman",
            "and",
            "20m/etc/nginx/sites-available/dhanman",
            "differ",
        )
    ]


def test_each_service_has_its_own_unit_and_settings(values: dict[str, Any], tmp_path: Path) -> None:
    render(tmp_path, values)
    document = json.loads((tmp_path / "opt/dhanman/sales/appsettings.Local.json").read_text())
    assert "Database=dhanman-sales;" in document["ConnectionStrings"]["DefaultConnection"]
    assert "User=dhanman-sales\n" in (tmp_path / "etc/systemd/system/dhanman-sales.service").read_text()


def test_the_shell_script_reads_the_variables_as_words(values: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "settings.sh").write_text(settings(values | {"deploy_user": "it's"}))
    script = '. ./settings.sh; set -- $services; echo "$#" "$6" "$deploy_user"; set -- $domains; echo "$#"'
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["6 sales it's", "7"]
