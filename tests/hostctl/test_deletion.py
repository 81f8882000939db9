from __future__ import annotations

import pytest

from hostctl.deletion import delete
from hostctl.errors import HostError
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import World, document, toy


def _applied(world: World, store: Store, **values: str) -> None:
    world.values = values
    Transaction(
        document(
            toy("pkg", "1", phase="PACKAGES"), toy("conf", "1", notify=["daemon-reload"]),
            toy("db", "1", phase="DATA", data=True), adopt=True,
        ),
        store,
    ).run()  # fmt: skip
    world.log.clear()


def test_what_was_there_before_comes_back_and_packages_go_after_the_actions(
    world: World, store: Store
) -> None:
    _applied(world, store, conf="theirs")
    assert delete("u", store, delete_data=True) == "u: removed"
    assert world.log == ["restore db", "restore conf", "daemon-reload", "restore pkg"]
    assert world.values == {"conf": "theirs"}
    assert store.units() == []


def test_data_stays_and_can_be_deleted_after_the_unit_came_back(world: World, store: Store) -> None:
    _applied(world, store)
    assert delete("u", store, delete_data=False) == "u: removed, 1 kept"
    assert world.values == {"db": "1"}
    Transaction(document(toy("db", "1", phase="DATA", data=True)), store).run()
    delete("u", store, delete_data=True)
    assert world.values == {}


def test_a_failure_keeps_nothing_else_and_the_same_command_goes_on(world: World, store: Store) -> None:
    _applied(world, store)
    world.breaks = {"restore conf"}
    with pytest.raises(HostError) as failed:
        delete("u", store, delete_data=True)
    assert "toy:conf: restore conf broke" in failed.value.details
    assert world.values == {"conf": "1"}
    world.breaks = set()
    assert delete("u", store, delete_data=True) == "u: removed"
    assert world.values == {}


def test_what_is_still_needed_stays_and_is_no_failure(world: World, store: Store) -> None:
    _applied(world, store)
    world.needed = {"conf"}
    assert delete("u", store, delete_data=True) == "u: removed, 1 kept"


def test_a_thing_that_was_as_wanted_before_is_left_alone(world: World, store: Store) -> None:
    _applied(world, store, conf="1")
    delete("u", store, delete_data=True)
    assert world.values == {"conf": "1"}


def test_a_run_that_was_broken_off_is_undone_first(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "undo", lambda _self: ["killed"])
        world.breaks = {"apply b"}
        with pytest.raises(HostError):
            Transaction(document(toy("a", "1"), toy("b", "1")), store).run()
    world.breaks = set()
    delete("u", store, delete_data=True)
    assert world.values == {}
    assert store.journal("u") is None
