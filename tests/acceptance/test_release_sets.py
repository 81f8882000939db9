"""Services that change together: all of their releases serve, or none, and no request fails either way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.releasing import FASTEST, URL, release, under_load
from tests.acceptance.world import World

pytestmark = pytest.mark.host

SETS = {"releaseSets": {"billing": ["sales", "purchase"]}}
OTHER = "https://purchase.dhanman.test"


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    return fastest_world


def deploy(
    world: World,
    sales: dict[str, Any],
    purchase: dict[str, Any],
    sets: dict[str, Any] = SETS,
    *,
    check: bool = True,
) -> str:
    world.configure(FASTEST | sets | {"services": {"sales": sales, "purchase": purchase}})
    return world.up(check=check)


def serving(world: World) -> tuple[str, str]:
    """Versions of sales and purchase that answer."""
    instances = [world.ask(f"{url}/health").headers["x-instance"] for url in (URL, OTHER)]
    return instances[0].partition("/")[0], instances[1].partition("/")[0]


def converged(world: World) -> None:
    assert world.drift() == []
    running = world.run(
        "systemctl list-units --plain --no-legend --state=active,activating"
        " 'dhanman-sales-local@*' 'dhanman-purchase-local@*'"
    )
    assert len(running.splitlines()) == 2


def both(world: World) -> tuple[dict[str, Any], dict[str, Any], tuple[str, str]]:
    """New versions of both, and what then serves."""
    sales, purchase = release(world), release(world)
    return sales, purchase, (sales["version"], purchase["version"])


@pytest.mark.slow
def test_a_set_of_services_that_run_already_switches_nothing(world: World) -> None:
    sales, purchase, wanted = both(world)
    deploy(world, sales, purchase, sets={})
    before = world.slot("sales"), world.slot("purchase")
    deploy(world, sales, purchase)
    assert (world.slot("sales"), world.slot("purchase")) == before
    assert serving(world) == wanted
    converged(world)


@pytest.mark.slow
def test_both_serve_their_new_versions_when_both_are_ready(world: World, vegeta: Path) -> None:
    old_sales, old_purchase, old = both(world)
    deploy(world, old_sales, old_purchase)
    sales, purchase, wanted = both(world)
    with under_load(world, vegeta):
        world.configure(FASTEST | SETS | {"services": {"sales": sales, "purchase": purchase}})
        said = world.preview_text()
        assert "switch dhanman-sales-local, dhanman-purchase-local together when all are ready" in said
        assert f"dhanman-purchase-local: version {old[1]} -> {wanted[1]}" in said
        world.up()
        assert serving(world) == wanted
    converged(world)


def test_one_that_refuses_keeps_both_on_what_served_and_the_next_good_ones_serve(
    world: World, vegeta: Path
) -> None:
    old_sales, old_purchase, old = both(world)
    deploy(world, old_sales, old_purchase)
    with under_load(world, vegeta):
        sales, purchase, _ = both(world)
        never = purchase | {"settings": {"Sample": {"StartDelaySeconds": 900}}, "readyTimeout": 4}
        said = deploy(world, sales, never, check=False)
        assert "not within 4 s" in said
        assert "now: the previous state was put back" in said
        assert serving(world) == old
        sales, purchase, wanted = both(world)
        deploy(world, sales, purchase)
        assert serving(world) == wanted
    converged(world)


@pytest.mark.slow
def test_after_a_refusal_setting_both_versions_back_is_enough(world: World) -> None:
    old_sales, old_purchase, old = both(world)
    deploy(world, old_sales, old_purchase)
    slots = world.slot("sales"), world.slot("purchase")
    sales, purchase, _ = both(world)
    deploy(world, sales | {"settings": {"Sample": {"ExitAtStart": True}}}, purchase, check=False)
    deploy(world, old_sales, old_purchase)
    assert (world.slot("sales"), world.slot("purchase")) == slots, "they have served all the time"
    assert serving(world) == old
    converged(world)


@pytest.mark.slow
def test_an_artifact_without_a_program_stops_both_before_anything_is_started(
    world: World, vegeta: Path
) -> None:
    old_sales, old_purchase, old = both(world)
    deploy(world, old_sales, old_purchase)
    with under_load(world, vegeta):
        sales = release(world)
        broken = release(world, change=lambda folder: (folder / "dhanman-sample").unlink())
        assert "the artifact has no dhanman-sample" in deploy(world, sales, broken, check=False)
        assert serving(world) == old
        deploy(world, old_sales, old_purchase)
    converged(world)


@pytest.mark.slow
def test_one_member_alone_may_change_too(world: World, vegeta: Path) -> None:
    old_sales, purchase, _ = both(world)
    deploy(world, old_sales, purchase)
    slot = world.slot("purchase")
    sales = release(world)
    with under_load(world, vegeta):
        deploy(world, sales, purchase)
    assert serving(world) == (sales["version"], purchase["version"])
    assert world.slot("purchase") == slot
    converged(world)


@pytest.mark.slow
def test_a_rollback_at_the_host_takes_back_what_was_switched_together(world: World, vegeta: Path) -> None:
    old_sales, old_purchase, old = both(world)
    deploy(world, old_sales, old_purchase)
    sales, purchase, wanted = both(world)
    deploy(world, sales, purchase)
    with under_load(world, vegeta):
        said = world.run("/usr/local/lib/dhanman/hostctl rollback dhanman-purchase-local")
        assert f"dhanman-sales-local: version {old[0]} serves instead of {wanted[0]}" in said
        assert serving(world) == old
        found = world.drift()
        assert any(f"dhanman-sales-local: version {old[0]} -> {wanted[0]}" in text for text in found), found
        world.up()
        assert serving(world) == wanted
    converged(world)


@pytest.mark.slow
def test_a_set_that_is_dissolved_leaves_its_services_running_and_they_are_deployed_alone(
    world: World, vegeta: Path
) -> None:
    sales, purchase, _ = both(world)
    deploy(world, sales, purchase)
    slots = world.slot("sales"), world.slot("purchase")
    with under_load(world, vegeta):
        deploy(world, sales, purchase, sets={})
        assert (world.slot("sales"), world.slot("purchase")) == slots
        alone = release(world)
        deploy(world, alone, purchase, sets={})
    assert serving(world) == (alone["version"], purchase["version"])
    converged(world)
