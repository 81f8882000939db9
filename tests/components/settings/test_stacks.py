"""What stacks must not share, and the stack files themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.settings import load
from components.settings.stacks import check_backend, shared_addresses
from tests.components.settings.example import HOST_KEY, Load

PROJECT = Path(__file__).parents[3]
OVERLAY = {"hosts": {"local": {"address": "192.0.2.20", "hostKey": HOST_KEY}}, "ssh": {"agent": True}}
PORTS = {"prod": range(5001, 5007), "qa": range(5101, 5107), "local": range(5201, 5207)}


def config(stack: str) -> dict[str, object]:
    """The stack file's configuration."""
    content = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("stack", ["prod", "qa", "local"])
def test_a_stack_file_loads_with_the_documents_ports(stack: str) -> None:
    settings = load(stack, config(stack), overlay=OVERLAY if stack == "local" else None, project=PROJECT)
    assert [service.port for service in settings.services.values()] == list(PORTS[stack])
    assert settings.delete_data is (stack == "local")
    assert settings.backup.retention_days == 30


@pytest.mark.parametrize(("stack", "address"), [("prod", "51.79.156.217"), ("qa", "54.37.159.71")])
def test_a_servers_address_is_the_documents(stack: str, address: str) -> None:
    settings = load(stack, config(stack), project=PROJECT)
    assert settings.host_of("postgres")[1].address == address
    assert settings.pool_of("sales").max == 15


@pytest.mark.parametrize("stack", ["prod", "qa", "local"])
def test_stack_files_hold_no_other_stacks_address(stack: str) -> None:
    settings = load(stack, config(stack), overlay=OVERLAY if stack == "local" else None, project=PROJECT)
    others = {f"Pulumi.{other}.yaml": config(other) for other in PORTS if other != stack}
    assert shared_addresses(settings, others) == []


def test_an_address_of_another_stack_is_named_with_its_file(load_changed: Load) -> None:
    others = {"Pulumi.prod.yaml": {"dhanman:hosts": {"web": {"address": "192.0.2.10"}, "db": "nonsense"}}}
    assert [str(problem) for problem in shared_addresses(load_changed(), others)] == [
        "Pulumi.qa.yaml: hosts/main/address: 192.0.2.10 is also hosts/web of Pulumi.prod.yaml; "
        "a server belongs to one stack"
    ]


@pytest.mark.parametrize("url", ["file://{project}/.local/state", "file://{project}/x/../.local/state/"])
def test_the_clones_own_state_folder_is_refused(load_changed: Load, tmp_path: Path, url: str) -> None:
    environ = {"PULUMI_BACKEND_URL": url.format(project=tmp_path)}
    found = check_backend(load_changed(), environ, tmp_path)
    assert len(found) == 1
    assert "can't be kept in .local/state" in str(found[0])


@pytest.mark.parametrize("url", ["", "s3://states", "file:///srv/states", "https://api.pulumi.com"])
def test_any_other_state_backend_is_fine(load_changed: Load, tmp_path: Path, url: str) -> None:
    assert check_backend(load_changed(), {"PULUMI_BACKEND_URL": url}, tmp_path) == []


def test_a_local_environment_may_keep_its_state_in_the_clone(load_changed: Load, tmp_path: Path) -> None:
    settings = load_changed({"environment": "local"}, stack="local")
    assert check_backend(settings, {"PULUMI_BACKEND_URL": f"file://{tmp_path}/.local/state"}, tmp_path) == []
