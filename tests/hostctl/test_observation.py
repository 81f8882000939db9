"""What differs on a host from what was applied."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from hostctl.errors import HostError
from hostctl.observation import FORMAT, PROGRAM, observe_host
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import Toy, World, document, toy
from tests.hostctl.tools import Tools

pytestmark = pytest.mark.usefixtures("tools")


def _differences(store: Store, unit: str = "u") -> list[str]:
    found: list[str] = observe_host(store)["units"][unit]["differences"]
    return found


def _apply(store: Store, *things: dict[str, Any], **more: Any) -> Transaction:
    transaction = Transaction(document(*things, **more), store)
    transaction.run()
    return transaction


def test_an_untouched_host_has_no_units_and_nothing_is_left_on_it(store: Store) -> None:
    seen = observe_host(store)
    assert (seen["format"], seen["program"], seen["units"]) == (FORMAT, PROGRAM, {})
    assert not store.root.exists()


def test_what_was_applied_and_is_still_so_does_not_differ(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    assert _differences(store) == []


def test_each_units_changed_things_are_told_in_words(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"), toy("b", "1"), toy("c", "1"))
    _apply(store, toy("d", "1"), unit="other")
    world.values |= {"a": "2", "c": "3", "d": "4"}
    assert _differences(store) == ["toy:a: 2 -> 1", "toy:c: 3 -> 1"]
    assert _differences(store, "other") == ["toy:d: 4 -> 1"]


def test_observing_changes_nothing(world: World, store: Store) -> None:
    _apply(store, toy("a", "1", notify=["daemon-reload"]))
    world.log.clear()
    world.values["a"] = "2"
    before = {p: p.stat().st_mtime_ns for p in store.root.rglob("*")}
    observe_host(store)
    assert (world.log, world.values) == ([], {"a": "2"})
    assert {p: p.stat().st_mtime_ns for p in store.root.rglob("*")} == before


def test_another_programs_version_is_answered_with_the_head_alone(
    world: World, store: Store, tools: Tools
) -> None:
    _apply(store, toy("a", "1"))
    tools.calls.clear()
    assert observe_host(store, "another").keys() == {"format", "program", "place"}
    assert tools.calls == []


def test_generation_and_document_come_from_the_manifest(world: World, store: Store) -> None:
    first = _apply(store, toy("a", "1"))
    seen = observe_host(store)["units"]["u"]
    assert (seen["generation"], seen["document"]) == (1, first.digest)
    second = _apply(store, toy("a", "2"))
    seen = observe_host(store)["units"]["u"]
    assert (seen["generation"], seen["document"]) == (2, second.digest)
    assert first.digest != second.digest


def test_a_repair_gets_another_generation_and_an_unchanged_run_does_not(world: World, store: Store) -> None:
    unit = toy("a", "1")
    for value, generation in (("1", 1), ("by hand", 2), ("1", 2), ("by hand", 3)):
        if value == "by hand":
            world.values["a"] = value
        _apply(store, unit)
        assert observe_host(store)["units"]["u"]["generation"] == generation


def test_a_difference_that_went_by_itself_before_its_repair_is_found_again(
    world: World, store: Store
) -> None:
    unit = document(toy("a", "1"))
    Transaction(unit, store).run()
    world.values["a"] = "by hand"
    seen = observe_host(store)["units"]["u"]
    world.values["a"] = "1"
    assert Transaction(unit, store, drifted=True).run() == "u: unchanged"
    world.values["a"] = "by hand"
    again = observe_host(store)["units"]["u"]
    assert again["differences"] == seen["differences"]
    # the mark in Pulumi's state is made of both: with the same one there would be nothing to do
    assert again["generation"] == seen["generation"] + 1


def test_a_change_that_was_not_confirmed_is_a_difference(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    world.values["a"] = "0"
    store.write_manifest("u", (store.manifest("u") or {}) | {"status": "reverted"})
    assert _differences(store) == ["reverted: the last change was not confirmed", "toy:a: 0 -> 1"]


def test_a_run_that_was_broken_off_is_a_difference_and_comes_first(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    world.values["a"] = "2"
    store.write_journal("u", {"entries": []})
    assert _differences(store) == ["a run was broken off", "toy:a: 2 -> 1"]


def test_a_first_run_that_was_broken_off_is_told_though_there_is_no_manifest(store: Store) -> None:
    store.write_journal("u", {"entries": []})
    assert observe_host(store)["units"]["u"] == {
        "differences": ["a run was broken off"],
        "generation": 0,
        "document": "",
    }


def test_a_change_that_waits_for_its_confirmation_was_not_broken_off(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    store.write_manifest("u", (store.manifest("u") or {}) | {"status": "armed"})
    store.write_journal("u", {"entries": []})
    assert _differences(store) == []


def test_an_error_of_one_thing_is_its_difference_and_hides_no_other(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _apply(store, toy("a", "1"), toy("b", "1"))
    world.values["b"] = "2"
    plain = Toy.observe

    def observe(self: Toy) -> dict[str, Any] | None:
        if self.key == "a":
            raise HostError("a can't be read")
        return plain(self)

    monkeypatch.setattr(Toy, "observe", observe)
    assert _differences(store) == ["toy:a: a can't be read", "toy:b: 2 -> 1"]


def test_all_services_are_asked_in_one_call_and_all_packages_in_one(store: Store, tools: Tools) -> None:
    tools.answer(
        "systemctl show", "LoadState=loaded\nActiveState=active\n\nLoadState=loaded\nActiveState=failed\n"
    )
    tools.answer("dpkg-query --show", "p 1 installed install\n")
    for name in ("a", "b"):
        service = {"unit": f"{name}.service", "enabled": None, "running": True}
        package = {"name": name, "packages": ["p"]}
        things = [
            {"id": f"service:{name}.service", "kind": "service", "record": service, "origin": {}},
            {"id": f"packages:{name}", "kind": "packages", "record": package, "origin": {}},
        ]
        store.write_manifest(name, {"things": things, "status": "applied"})
    units = observe_host(store)["units"]
    assert [units[name]["differences"] for name in ("a", "b")] == [[], ["service:b.service: failed"]]
    assert [len(tools.asked(command)) for command in ("systemctl", "dpkg-query")] == [1, 1]


def test_a_host_whose_memory_was_made_anew_is_another_place(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    here = observe_host(store)["place"]
    assert observe_host(store)["place"] == here
    shutil.rmtree(store.root / "manifests")
    _apply(store, toy("a", "1"))
    assert observe_host(store)["place"] != here


def test_a_kind_that_this_program_does_not_know_hides_no_other(world: World, store: Store) -> None:
    _apply(store, toy("a", "1"))
    manifest = store.manifest("u")
    assert manifest
    later = {"id": "later:x", "kind": "later", "record": {"name": "x"}, "origin": {}}
    store.write_manifest("u", manifest | {"things": [later, *manifest["things"]]})
    world.values["a"] = "2"
    assert observe_host(store)["units"]["u"]["differences"] == ["toy:a: 2 -> 1"]
