"""What could lose data is refused without a recent restore drill, before anything is changed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from hostctl import gate
from hostctl.deletion import delete
from hostctl.errors import HostError
from hostctl.forecast import forecast_all
from hostctl.kinds import KINDS
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import Toy, World, document, toy

HOUR = 3600.0


class Treasure(Toy):
    """Data, as a database is."""

    name = "treasure"

    def loss(self, *, stays: bool) -> str | None:
        return None if stays else f"the database {self.key} would be dropped"


class Cluster(Toy):
    """A cluster, as PostgreSQL's is."""

    name = "cluster"

    def loss(self, *, stays: bool) -> str | None:
        return f"PostgreSQL's cluster {self.key} would no longer serve"


@pytest.fixture(autouse=True)
def _kinds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Treasure, Cluster):
        kind.world = world
        monkeypatch.setitem(KINDS, kind.name, kind)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where gates are; there is one, and no drill yet."""
    (tmp_path / "etc/qa").mkdir(parents=True)
    monkeypatch.setattr(gate, "FOLDER", tmp_path / "etc")
    closed(tmp_path / "etc")
    return tmp_path / "etc"


def text(folder: Path, anyway: str = "") -> str:
    return json.dumps({"stack": "qa", "report": str(folder / "drill.json"), "hours": 26, "anyway": anyway})


def closed(folder: Path, anyway: str = "") -> None:
    (folder / "qa/data-gate.json").write_text(text(folder, anyway))


def drilled(folder: Path, hours_ago: float) -> None:
    (folder / "drill.json").write_text(json.dumps({"succeeded": time.time() - hours_ago * HOUR}))


def of(kind: str, key: str, **fields: Any) -> dict[str, Any]:
    return toy(key, "1", **fields) | {"kind": kind}


def applied(store: Store, *things: dict[str, Any]) -> None:
    Transaction(document(*things), store).run()


def test_another_version_is_refused_without_a_drill_and_nothing_is_changed(
    world: World, store: Store, folder: Path
) -> None:
    applied(store, of("cluster", "17/main", data=True))
    world.log.clear()
    with pytest.raises(HostError) as refused:
        applied(store, of("cluster", "18/main", data=True))
    assert refused.value.what == (
        "PostgreSQL's cluster 17/main would no longer serve:"
        " no restore drill has succeeded within 26 h (none ever did)"
    )
    assert "make drill STACK=qa" in refused.value.hint
    assert "now: nothing was changed" in refused.value.hint
    assert world.log == []


@pytest.mark.parametrize(("hours", "passes"), [(1, True), (25, True), (27, False), (-2, False)])
def test_a_drill_counts_for_26_hours_and_none_of_tomorrow_does(
    store: Store, folder: Path, hours: float, passes: bool
) -> None:
    applied(store, of("cluster", "17/main", data=True))
    drilled(folder, hours)
    if passes:
        applied(store, of("cluster", "18/main", data=True))
        return
    with pytest.raises(HostError, match="no restore drill"):
        applied(store, of("cluster", "18/main", data=True))


def test_a_database_is_dropped_only_after_a_drill_and_kept_without_one(
    world: World, store: Store, folder: Path
) -> None:
    applied(store, of("treasure", "db", data=True))
    with pytest.raises(HostError) as refused:
        delete("u", store, delete_data=True)
    assert refused.value.what.startswith("the database db would be dropped: no restore drill")
    assert "now: nothing was changed" in refused.value.hint
    assert world.values == {"db": "1"}
    delete("u", store, delete_data=False)
    assert world.values == {"db": "1"}
    applied(store, of("treasure", "db", data=True))
    drilled(folder, 1)
    delete("u", store, delete_data=True)
    assert world.values == {}


def test_a_reason_opens_the_gate(store: Store, folder: Path) -> None:
    applied(store, of("treasure", "db", data=True))
    closed(folder, "the drill is what is being repaired")
    assert delete("u", store, delete_data=True) == "u: removed"


def test_without_a_gate_nothing_is_asked(store: Store, folder: Path) -> None:
    (folder / "qa/data-gate.json").unlink()
    applied(store, of("treasure", "db", data=True))
    assert delete("u", store, delete_data=True) == "u: removed"


def test_what_loses_nothing_is_never_refused(store: Store, folder: Path) -> None:
    applied(store, of("cluster", "17/main", data=True), of("treasure", "db", data=True))
    applied(store, of("cluster", "17/main", data=True), of("treasure", "db", data=True), toy("conf", "2"))
    applied(store, of("cluster", "17/main", data=True))


@pytest.mark.parametrize(
    ("before", "wanted", "words"),
    [
        ("port = 5432\n", "data_directory = '/srv/pg'\n", "its usual place -> /srv/pg"),
        ("data_directory = '/a' # old\n", "data_directory '/b'\n", "/a -> /b"),
        ("data_directory = '/a'\n", "#data_directory = '/a'\n", "/a -> its usual place"),
        ("data_directory = '/a'\n", "data_directory = '/a'\nport = 1\n", None),
    ],
)
def test_another_data_directory_is_a_danger(before: str, wanted: str, words: str | None) -> None:
    class Conf(Toy):
        def texts(self, state: Any) -> tuple[str, str]:
            return before, wanted

    thing = Conf(toy("/etc/postgresql/18/main/conf.d/dhanman.conf", "1"))
    found = gate._moved(thing, {"type": "file", "value": "0"})
    assert found == (f"PostgreSQL's data directory: {words}" if words else None)
    assert gate._moved(thing, {"type": "absent", "value": "0"}) is None


def told(store: Store, *documents: dict[str, Any]) -> list[str]:
    found: list[str] = forecast_all(list(documents), store)["u"]["refused"]
    return found


def test_a_preview_says_what_will_be_refused_with_the_gate_as_it_will_be_by_then(
    store: Store, folder: Path
) -> None:
    applied(store, of("cluster", "17/main", data=True))
    wanted = document(of("cluster", "18/main", data=True))
    assert "would no longer serve: no restore drill" in told(store, wanted)[0]
    file = {"kind": "file", "path": str(folder / "qa/data-gate.json"), "content": text(folder, "reason")}
    opened = document(file | {"mode": "0644", "owner": "root", "group": "root", "notify": []}) | {
        "unit": "base"
    }
    assert told(store, opened, wanted) == []
    drilled(folder, 1)
    assert told(store, wanted) == []


def test_a_preview_says_which_removal_will_be_refused(store: Store, folder: Path) -> None:
    applied(store, of("treasure", "db", data=True))
    leaving = {"unit": "u", "removed": True}
    assert "would be dropped: no restore drill" in told(store, leaving | {"delete_data": True})[0]
    assert told(store, leaving | {"delete_data": False}) == []
