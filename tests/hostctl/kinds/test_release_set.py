"""Services that change together: over files of a test, with a systemd that only remembers what runs."""

from __future__ import annotations

from typing import Any

import pytest

from hostctl import slots
from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.deployment import Deployment
from hostctl.kinds.release_set import ReleaseSet
from hostctl.releases import rollback
from hostctl.store import Store
from tests.hostctl.kinds.test_deployment import Host, host, thing

__all__ = ["host"]
SALES, PURCHASE = "dhanman-sales-qa", "dhanman-purchase-qa"
SERVICES = (SALES, PURCHASE)


@pytest.fixture(autouse=True)
def _both_have_releases(host: Host) -> None:
    for version in ("1", "2", "3"):
        (host.root / PURCHASE / "releases" / version).mkdir(parents=True)
    for slot in slots.SLOTS:
        (host.root / "etc-purchase" / slot).mkdir(parents=True)


def member(host: Host, service: str, version: str, **changes: Any) -> Deployment:
    own: dict[str, Any] = {"release_set": "billing", "mark": f"mark-of-{version}", "service": service}
    if service == PURCHASE:
        own |= {
            "root": str(host.root / PURCHASE),
            "config_directory": str(host.root / "etc-purchase"),
            "current_socket": str(host.root / "run/purchase.sock"),
        }
    return thing(host, version, **(own | changes))


def apply_member(store: Store, made: Deployment) -> None:
    """What the service's own unit does, and what it remembers."""
    state = made.observe()
    if made.differs(state):
        made.apply(state)
    made.finish()
    entry = {"id": made.id, "kind": made.name, "record": made.record(), "origin": {}}
    store.write_manifest(f"service-{made.service}", {"things": [entry], "status": "applied"})


def release_set(version: str, **versions: str) -> ReleaseSet:
    wanted = {SALES: version, PURCHASE: version} | versions
    members = [{"service": s, "version": v, "mark": f"mark-of-{v}"} for s, v in wanted.items()]
    made = build({"kind": "release_set", "name": "billing", "members": members})
    assert isinstance(made, ReleaseSet)
    return made


def deploy(host: Host, store: Store, version: str) -> None:
    for service in SERVICES:
        apply_member(store, member(host, service, version))
    made = release_set(version)
    state = made.observe()
    if made.differs(state):
        made.apply(state)
    made.finish()
    host.steps.clear()


def serving(host: Host) -> list[str]:
    links = (slots.target(host.root / f"run/{name}.sock") or "-" for name in ("sales", "purchase"))
    return [link.split("/")[2].rpartition("-")[2] for link in links]


def test_first_releases_serve_at_once_and_leave_the_set_nothing_to_do(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    assert serving(host) == ["blue", "blue"]
    assert release_set("1").differs(release_set("1").observe()) == []


def test_a_member_fills_its_idle_slot_and_starts_nothing(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    new = member(host, SALES, "2")
    assert new.differs(new.observe()) == ["version 1 -> 2"]
    assert new.effects(new.observe()) == ["put version 2 into green, for release set billing to switch"]
    apply_member(store, new)
    assert not [step for step in host.steps if step.startswith(("start", "ask"))]
    assert serving(host) == ["blue", "blue"]
    assert new.differs(new.observe()) == [], "the rest is the set's"


def test_all_are_ready_before_the_first_one_serves(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    for service in SERVICES:
        apply_member(store, member(host, service, "2"))
    made = release_set("2")
    state = made.observe()
    assert made.differs(state) == [f"{SALES}: version 1 -> 2", f"{PURCHASE}: version 1 -> 2"]
    assert made.effects(state) == [f"switch {SALES}, {PURCHASE} together when all are ready"]
    host.steps.clear()
    made.apply(state)
    assert [step for step in host.steps if step.startswith(("start", "ask"))] == [
        f"start {SALES}@green.service",
        f"start {PURCHASE}@green.service",
        f"ask {SALES}-green /health/startup",
        f"ask {SALES}-green /health/ready",
        f"ask {PURCHASE}-green /health/startup",
        f"ask {PURCHASE}-green /health/ready",
    ]
    assert serving(host) == ["green", "green"]
    made.finish()
    assert host.running == {f"{SALES}@green.service", f"{PURCHASE}@green.service"}
    assert made.differs(made.observe()) == []


def test_what_a_preview_asks_is_what_the_members_units_will_want(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    made = release_set("1", **{PURCHASE: "2"})
    assert made.differs(made.observe()) == [f"{PURCHASE}: version 1 -> 2"]
    deploy(host, store, "2")
    members = [{"service": s, "version": "2", "mark": "other settings"} for s in SERVICES]
    again = build({"kind": "release_set", "name": "billing", "members": members})
    assert again.differs(again.observe()) == [f"{s}: settings, or options of its process" for s in SERVICES]


@pytest.mark.parametrize("refused", [f"start {PURCHASE}@green.service", "/health/ready"])
def test_one_that_refuses_keeps_all_on_what_served_and_stops_what_was_started(
    host: Host, store: Store, refused: str
) -> None:
    deploy(host, store, "1")
    for service in SERVICES:
        apply_member(store, member(host, service, "2"))
    made = release_set("2")
    state = made.observe()
    assert state
    host.refused = {refused}
    with pytest.raises(HostError):
        made.apply(state)
    assert serving(host) == ["blue", "blue"]
    made.restore(state)
    assert host.running == {f"{SALES}@blue.service", f"{PURCHASE}@blue.service"}
    assert {entry["result"] for entry in host.log()[-2:]} == {"refused"}
    host.refused = set()
    made.apply(made.observe())
    assert serving(host) == ["green", "green"]


def test_an_undo_after_the_switch_takes_all_back(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    for service in SERVICES:
        apply_member(store, member(host, service, "2"))
    made = release_set("2")
    before = made.observe()
    assert before
    made.apply(before)
    made.restore(before)
    assert serving(host) == ["blue", "blue"]
    assert made.observe() == before


def test_what_was_only_laid_ready_is_no_way_back(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    apply_member(store, member(host, SALES, "2"))
    with pytest.raises(HostError, match="has no release to go back to"):
        rollback(store, SALES)


def test_a_rollback_takes_back_what_was_switched_in_the_same_moment(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    deploy(host, store, "2")
    assert rollback(store, PURCHASE) == (
        f"{PURCHASE}: version 1 serves instead of 2; {SALES}: version 1 serves instead of 2"
    )
    assert serving(host) == ["blue", "blue"]
    rollback(store, SALES)
    assert serving(host) == ["green", "green"], "and forth again"


def test_a_rollback_that_one_refuses_leaves_all_as_they_were(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    deploy(host, store, "2")
    host.refused = {f"start {SALES}@blue.service"}
    with pytest.raises(HostError):
        rollback(store, PURCHASE)
    assert serving(host) == ["green", "green"]
    assert host.running == {f"{SALES}@green.service", f"{PURCHASE}@green.service"}


def test_a_member_whose_slot_holds_something_else_is_named(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    apply_member(store, member(host, SALES, "2"))
    (host.root / "sales/slots/green.json").unlink()
    made = release_set("2", **{PURCHASE: "1"})
    with pytest.raises(HostError, match="green does not hold what is to serve"):
        made.apply(made.observe())


def test_a_set_with_a_member_that_never_served_says_so(host: Host, store: Store) -> None:
    apply_member(store, member(host, SALES, "1"))
    made = release_set("1")
    assert made.differs(made.observe()) == [f"{PURCHASE} does not serve"]
    with pytest.raises(HostError, match="dhanman-purchase-qa: nothing serves"):
        made.apply(made.observe())


def test_taking_the_set_away_leaves_its_services_alone(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    origin = release_set("1").observe()
    assert origin
    deploy(host, store, "2")
    release_set("2").remove(origin)
    assert serving(host) == ["green", "green"]
    assert not [step for step in host.steps if step.startswith("stop")]


def test_no_content_of_settings_is_remembered(host: Host, store: Store) -> None:
    deploy(host, store, "1")
    assert "not-to-be-shown" not in str(release_set("1").observe())
    assert "bm90LXRvLWJl" not in str(release_set("1").observe())
