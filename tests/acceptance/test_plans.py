"""Plans that are kept: what was looked at is what is done, or nothing is."""

from __future__ import annotations

import pytest

from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host


def _plan(world: World) -> str:
    plan = str(world.project.parent / "kept.plan")
    world.pulumi("preview", "--stack", STACK, "--save-plan", plan)
    return plan


def test_a_kept_plan_is_carried_out_drift_and_settings_alike(world: World) -> None:
    world.run("sysctl -qw vm.swappiness=61")
    with world.changed({"gateway": {"clientMaxBodySize": "34MiB"}}):
        plan = _plan(world)
        said = world.up("--plan", plan)
        assert "2 updated" in said
        assert f"client_max_body_size {34 * 1024**2}" in world.run("nginx -T 2>/dev/null")
        assert world.run("sysctl -n vm.swappiness").strip() == "10"
        assert world.preview() == []


def test_a_plan_holds_no_secret_in_clear(world: World) -> None:
    text = (world.project.parent / "kept.plan").read_text() if _plan(world) else ""
    assert "gateway-nginx" in text
    key = world.host.private_key_file.read_text().splitlines()[1]
    assert [s for s in (*world.secrets().values(), key, "PRIVATE KEY") if s in text] == []


@pytest.mark.slow
def test_settings_that_changed_since_are_refused_and_nothing_is_done(world: World) -> None:
    plan = _plan(world)
    with world.changed({"gateway": {"clientMaxBodySize": "35MiB"}}):
        said = world.up("--plan", plan, check=False)
        assert "violates plan" in said
        assert f"client_max_body_size {35 * 1024**2}" not in world.run("nginx -T 2>/dev/null")


@pytest.mark.slow
def test_a_host_that_was_changed_since_is_refused_and_nothing_is_done(world: World) -> None:
    plan = _plan(world)
    world.run("sysctl -qw vm.swappiness=61")
    said = world.up("--plan", plan, check=False)
    assert "violates plan" in said
    assert world.run("sysctl -n vm.swappiness").strip() == "61"
    world.up()
    assert world.preview() == []
