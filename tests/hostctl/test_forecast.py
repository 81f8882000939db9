"""What applying units would change: the same as what a transaction then does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl.errors import Conflict, HostError
from hostctl.forecast import forecast_all
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import Toy, World, document, toy
from tests.hostctl.tools import Tools


@pytest.fixture(autouse=True)
def _units_are_running(tools: Tools) -> None:
    tools.answer("systemctl show", "LoadState=loaded\nActiveState=active\n")


def _forecast(store: Store, unit: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = forecast_all([unit], store)["u"]
    return told


def _holds(world: World, store: Store, unit: dict[str, Any]) -> dict[str, Any]:
    """The forecast, after the transaction did just that."""
    told = _forecast(store, unit)
    world.log.clear()
    kept = set(store.registry("kept"))
    Transaction(unit, store).run()
    ids = [line.partition(" ") for line in world.log]
    assert [thing["id"] for thing in told["things"]] == [f"toy:{n}" for verb, _, n in ids if verb == "apply"]
    assert set(told["removed"]) == {f"toy:{n}" for verb, _, n in ids if verb == "restore"}
    assert told["effects"] == [line for line in world.log if line.split()[0] not in ("apply", "restore")]
    assert set(told["kept"]) == set(store.registry("kept")) - kept
    return told


OLD = document(
    toy("same", "1", notify=["reload same.service"]),
    toy("conf", "1"),
    toy("gone", "1", notify=["reload gone.service"]),
    toy("data", "1", data=True, notify=["reload data.service"], phase="DATA"),
)
NEW = [
    toy("db", "1", phase="DATA"),
    toy("conf", "2", notify=["restart n.service", "daemon-reload"]),
    toy("more", "1", notify=["reload n.service"]),
    toy("pkg", "1", phase="PACKAGES"),
    toy("same", "1", notify=["reload same.service"]),
]


def test_a_first_run_does_what_was_announced(world: World, store: Store) -> None:
    told = _holds(world, store, document(*NEW))
    assert [thing["id"] for thing in told["things"]] == [
        "toy:pkg", "toy:conf", "toy:more", "toy:same", "toy:db",
    ]  # fmt: skip
    assert told["effects"] == ["daemon-reload", "reload same.service", "restart n.service"]


def test_a_change_of_several_phases_does_what_was_announced(world: World, store: Store) -> None:
    Transaction(OLD, store).run()
    told = _holds(world, store, document(*NEW))
    assert [thing["id"] for thing in told["things"]] == ["toy:pkg", "toy:conf", "toy:more", "toy:db"]
    assert told["things"][1] == {"id": "toy:conf", "differences": ["1 -> 2"]}
    assert (told["removed"], told["kept"]) == (["toy:gone"], ["toy:data"])
    assert told["effects"] == ["daemon-reload", "reload gone.service", "restart n.service"]


def test_data_that_is_to_go_is_announced_as_removed(world: World, store: Store) -> None:
    Transaction(OLD, store).run()
    told = _holds(world, store, document(delete_data=True))
    assert "toy:data" in told["removed"]
    assert told["kept"] == []


def test_a_change_made_by_hand_is_announced_as_its_repair(world: World, store: Store) -> None:
    Transaction(OLD, store).run()
    world.values["same"] = "by hand"
    told = _holds(world, store, OLD)
    assert told["things"] == [{"id": "toy:same", "differences": ["by hand -> 1"]}]


def test_where_nothing_differs_nothing_is_announced(world: World, store: Store) -> None:
    Transaction(OLD, store).run()
    told = _holds(world, store, OLD)
    assert not any(told.values())


def test_actions_of_a_run_that_was_broken_off_are_announced(world: World, store: Store) -> None:
    Transaction(OLD, store).run()
    entry = {"id": "toy:same", "kind": "toy", "record": {}, "state": {}, "notify": ["daemon-reload"]}
    store.write_journal("u", {"entries": [entry], "origins": {}, "manifest": None})
    assert _holds(world, store, OLD)["effects"] == ["daemon-reload"]


def test_looking_ahead_leaves_nothing_on_an_untouched_host(world: World, store: Store) -> None:
    _forecast(store, document(*NEW))
    assert (world.log, world.values) == ([], {})
    assert not store.root.exists()


@pytest.mark.parametrize("adopt", [False, True])
def test_what_would_be_refused_is_told_in_the_words_of_the_refusal(
    world: World, store: Store, adopt: bool
) -> None:
    world.values = {"a": "theirs", "b": "theirs", "c": "1"}
    unit = document(toy("a", "1"), toy("b", "1"), toy("c", "1"), adopt=adopt)
    told = _forecast(store, unit)["conflicts"]
    if adopt:
        assert told == []
        return
    with pytest.raises(Conflict) as refused:
        Transaction(unit, store).run()
    assert told == ["toy:a (theirs -> 1)", "toy:b (theirs -> 1)"]
    assert [line.strip() for line in refused.value.details.splitlines()] == told


@pytest.mark.parametrize("why", ["nothing", "a removal", "a run that was broken off"])
def test_another_units_thing_that_is_as_wanted_is_in_the_way_of_whatever_else_is_to_be_done(
    world: World, store: Store, why: str
) -> None:
    Transaction(document(toy("a", "1"), unit="other"), store).run()
    if why == "a removal":
        Transaction(document(toy("b", "1")), store).run()
    if why == "a run that was broken off":
        entry = {"id": "toy:b", "kind": "toy", "record": {}, "state": {}, "notify": ["daemon-reload"]}
        store.write_journal("u", {"entries": [entry], "origins": {}, "manifest": None})
    unit = document(toy("a", "1"))
    told = _forecast(store, unit)["conflicts"]
    if why == "nothing":
        assert told == []
        assert Transaction(unit, store).run() == "u: unchanged"
        return
    assert told == ["toy:a belongs to the unit other"]
    with pytest.raises(Conflict):
        Transaction(unit, store).run()


def test_a_problem_of_one_unit_hides_no_other(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Toy.observe

    def observe(self: Toy) -> dict[str, Any] | None:
        if self.key == "broken":
            raise HostError("it can't be read")
        return plain(self)

    monkeypatch.setattr(Toy, "observe", observe)
    told = forecast_all(
        [
            document(unit="other-form", format=2),
            document(toy("a", "1", notify=["explode"]), unit="odd"),
            document(toy("broken", "1"), unit="broken"),
            document(toy("a", "1")),
        ],
        store,
    )
    assert "form 1" in told["other-form"]["problem"]
    assert told["odd"] == {"problem": "unknown action: explode"}
    assert told["broken"] == {"problem": "it can't be read"}
    assert [thing["id"] for thing in told["u"]["things"]] == ["toy:a"]


def test_services_of_all_units_are_asked_in_one_call(store: Store, tools: Tools) -> None:
    shown = "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n"
    tools.answer("systemctl show", f"{shown}\n{shown}")
    units = [
        document({"kind": "service", "unit": f"{name}.service", "enabled": True, "running": True}, unit=name)
        for name in ("a", "b")
    ]
    told = forecast_all(units, store)
    assert told["b"]["effects"] == ["enable b.service", "start b.service"]
    assert len(tools.asked("systemctl")) == 1


@pytest.mark.parametrize(
    ("state", "effects"),
    [
        ("active", ["reload n.service"]),
        ("failed", ["restart n.service"]),
        ("inactive", []),
    ],
)
def test_a_unit_that_is_not_running_is_not_said_to_be_reloaded(
    world: World, store: Store, tools: Tools, state: str, effects: list[str]
) -> None:
    tools.answer("systemctl show", f"ActiveState={state}\n")
    assert _forecast(store, document(toy("a", "1", notify=["reload n.service"])))["effects"] == effects


def test_a_restart_is_announced_once_though_a_drop_in_calls_for_it_too(
    world: World, store: Store, tools: Tools
) -> None:
    drop_in = "DropInPaths=/etc/systemd/system/n.service.d/x.conf"
    tools.answer("systemctl show", f"LoadState=loaded\nActiveState=active\n{drop_in}\n")
    service = {"kind": "service", "unit": "n.service", "enabled": None, "running": True}
    told = _forecast(store, document(toy("a", "1", notify=["restart n.service"]), service))
    assert told["effects"] == ["restart n.service"]


def test_what_a_service_does_comes_after_the_actions(world: World, store: Store, tools: Tools) -> None:
    tools.answer("systemctl show", "LoadState=loaded\nActiveState=inactive\n")
    service = {"kind": "service", "unit": "n.service", "enabled": None, "running": True}
    told = _forecast(store, document(service, toy("a", "1", notify=["daemon-reload"])))
    assert told["effects"] == ["daemon-reload", "start n.service"]


@pytest.mark.parametrize(
    ("waiting", "more"),
    [
        (["max_connections"], ["PostgreSQL restart needed: max_connections"]),
        ([], []),
    ],
)
def test_postgresql_is_said_to_restart_only_if_a_changed_setting_needs_it(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attributes: dict[str, str],
    waiting: list[str],
    more: list[str],
) -> None:
    asked: list[object] = []

    def waiting_for_restart(cluster: str, changes: list[tuple[str, str]]) -> list[str]:
        asked.append((cluster, changes))
        return waiting

    monkeypatch.setattr("hostctl.forecast.waiting_for_restart", waiting_for_restart)
    conf, other = tmp_path / "a.conf", tmp_path / "b.conf"
    for path in (conf, other):
        path.write_text("old\n")
    file = {"kind": "file", "content": "new\n", **attributes}
    unit = document(
        file | {"path": str(conf), "notify": ["postgres-reload 18/main"]},
        file | {"path": str(other), "notify": []},
    )
    assert _forecast(store, unit)["effects"] == ["reload PostgreSQL 18/main", *more]
    assert asked == [("18/main", [("old\n", "new\n")])]
