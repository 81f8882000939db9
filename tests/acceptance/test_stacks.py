"""Outputs of the real stack, and what qa and prod do on a clone that has none of their secrets."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host


def _in_clone(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    state = world.project / ".local/state"
    state.mkdir(exist_ok=True)
    return subprocess.run(
        [str(world.cli), "--non-interactive", *arguments],
        cwd=world.project,
        env=world.environment | {"PULUMI_BACKEND_URL": f"file://{state}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_outputs_say_where_everything_is(world: World) -> None:
    said = json.loads(world.pulumi("stack", "output", "--json", "--stack", STACK).stdout)
    assert (said["outputsVersion"], said["environment"], said["placeholders"]) == (1, "local", [])
    assert said["services"]["sales"] == {
        "healthUrl": "https://sales.dhanman.test/health",
        "host": "local",
        "port": 5206,
        "unit": "dhanman-sales-local.service",
        "url": "https://sales.dhanman.test",
        "version": "1.1.0",
    }
    assert said["databases"]["sales"] == "local-dhanman-sales"
    host = said["hosts"]["local"]
    assert (host["address"], host["hostKey"]) == (world.host.address, world.host.host_key)
    assert world.ask(said["services"]["sales"]["healthUrl"]).status == 200
    assert world.run(f"systemctl is-active {said['services']['sales']['unit']}").strip() == "active"


@pytest.mark.parametrize("stack", ["qa", "prod"])
def test_a_preview_without_secrets_lists_what_is_missing_and_up_refuses_in_one_message(
    world: World, stack: str
) -> None:
    made = _in_clone(world, "stack", "init", stack, "--no-select")
    assert made.returncode == 0, made.stderr
    preview = _in_clone(world, "preview", "--stack", stack)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    assert "to create" in preview.stdout
    assert "placeholder" in preview.stdout
    assert f"pulumi config set --stack {stack}" in preview.stdout

    up = _in_clone(world, "up", "--stack", stack, "--yes", "--skip-preview")
    said = up.stdout + up.stderr
    assert up.returncode != 0
    assert "PULUMI_BACKEND_URL" in said
    assert "Traceback" not in said
    exported = json.loads(_in_clone(world, "stack", "export", "--stack", stack).stdout)
    kinds = [r["type"] for r in exported["deployment"].get("resources", [])]
    assert not [k for k in kinds if k.startswith("command:")]
