"""Taking the program away."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl import uninstall as module
from hostctl.errors import HostError
from hostctl.store import KEPT_ORIGINS, Store
from hostctl.uninstall import uninstall
from tests.hostctl.tools import Tools


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools) -> Path:
    """The program's folder; the unit of its recovery lies beside it."""
    monkeypatch.setattr(module, "PROGRAM", tmp_path / "program")
    monkeypatch.setattr(module, "RECOVERY", tmp_path / "dhanman-recover.service")
    (tmp_path / "program/1").mkdir(parents=True)
    (tmp_path / "dhanman-recover.service").touch()
    return tmp_path / "program"


@pytest.fixture
def used(store: Store) -> Store:
    """A memory that held a unit, a lock, something that was set aside and packages."""
    store.write_manifest("u", {"things": []})
    store.forget("u")
    store.update_registry("packages", add=["nginx"])
    (store.root / "set-aside/etc").mkdir(parents=True)
    (store.root / "hand-made-link").symlink_to("/nowhere")
    return store


def test_program_recovery_and_memory_go(program: Path, used: Store, tools: Tools, tmp_path: Path) -> None:
    assert uninstall(used) == "hostctl: removed"
    assert list(tmp_path.iterdir()) == []
    assert tools.calls == [
        "systemctl disable --quiet dhanman-recover.service", "systemctl daemon-reload",
    ]  # fmt: skip


def test_the_list_of_kept_data_stays_and_is_told(program: Path, used: Store, tmp_path: Path) -> None:
    used.keep("postgres_database:sales", {"present": False})
    assert uninstall(used) == "hostctl: removed; data stays: postgres_database:sales"
    assert sorted(p.name for p in used.root.iterdir()) == sorted(["kept.json", KEPT_ORIGINS])
    assert Store().kept_origins() == {"postgres_database:sales": {"present": False}}
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_units_that_are_still_there_are_named_and_nothing_is_touched(
    program: Path, used: Store, tools: Tools
) -> None:
    used.write_manifest("base", {"things": []})
    used.write_manifest("access", {"things": []})
    with pytest.raises(HostError, match="still on this host: access, base") as refused:
        uninstall(used)
    assert "pulumi destroy" in refused.value.hint
    assert program.exists()
    assert tools.calls == []


def test_on_a_host_where_nothing_was_ever_applied_nothing_is_in_the_way(program: Path, store: Store) -> None:
    assert uninstall(store) == "hostctl: removed"
    assert uninstall(store) == "hostctl: removed"
    assert not program.exists()
