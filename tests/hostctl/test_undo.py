"""Putting back what a transaction changed."""

from __future__ import annotations

from typing import Any

import pytest

from hostctl.store import Store
from hostctl.undo import undo
from tests.hostctl.conftest import Toy, World


def _entry(name: str, value: str | None, *notify: str) -> dict[str, Any]:
    return {
        "id": f"toy:{name}",
        "kind": "toy",
        "record": {"name": name, "value": "new"},
        "state": {"value": value},
        "notify": list(notify),
    }


def test_entries_come_back_newest_first_then_each_action_once_in_its_order(
    world: World, store: Store
) -> None:
    world.values = {"a": "new", "b": "new"}
    store.write_journal("u", {"entries": []})
    entries = [_entry("a", "old", "reload n.service"), _entry("b", None, "daemon-reload", "reload n.service")]
    assert undo("u", store, entries) == []
    assert world.log == ["restore b", "restore a", "daemon-reload", "reload n.service"]
    assert world.values == {"a": "old"}
    assert store.journal("u") is None


def test_what_can_not_be_put_back_is_named_keeps_no_other_and_the_journal_stays(
    world: World, store: Store
) -> None:
    world.breaks = {"restore b", "daemon-reload"}
    store.write_journal("u", {"entries": []})
    entries = [_entry("a", "old", "daemon-reload", "sysctl /x"), _entry("b", "old"), _entry("c", "old")]
    assert undo("u", store, entries) == ["toy:b: restore b broke", "daemon-reload: daemon-reload broke"]
    assert world.values == {"a": "old", "c": "old"}
    assert "sysctl /x" in world.log
    assert store.journal("u") is not None


def test_what_failed_is_tried_once_more_after_the_actions(world: World, store: Store) -> None:
    world.breaks = {"restore b"}
    undo("u", store, [_entry("b", "old", "daemon-reload")])
    assert world.log == ["restore b", "daemon-reload", "restore b"]


def test_what_does_not_roll_back_is_left_and_its_actions_run(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "rolls_back", False)
    assert undo("u", store, [_entry("a", "old", "daemon-reload")]) == []
    assert world.log == ["daemon-reload"]


def test_an_entry_of_a_kind_that_nobody_knows_is_named_and_keeps_no_other(world: World, store: Store) -> None:
    odd = _entry("x", "old") | {"kind": "odd", "id": "odd:x"}
    assert undo("u", store, [_entry("a", "old"), odd]) == ["odd:x: unknown kind of thing: odd"]
    assert world.values == {"a": "old"}


def test_a_run_that_changed_nothing_ends_its_journal(world: World, store: Store) -> None:
    store.write_journal("u", {"entries": []})
    assert undo("u", store, []) == []
    assert store.interrupted() == []
