"""Which paths are ours, and strangers that are set aside and come back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hostctl import ownership
from hostctl.ownership import owned, put_back, set_aside
from hostctl.store import Store


def _aside(store: Store, path: Path, number: int = 0) -> Path:
    place = store.root / "set-aside" / str(path).lstrip("/")
    return place.with_name(f"{place.name}.~{number}~") if number else place


def _set_aside(path: Path, *texts: str) -> None:
    for text in texts:
        path.write_text(text)
        set_aside(path)


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_file_a_link_and_a_folder_are_set_aside_as_they_are_and_come_back(
    store: Store, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("1")
        path.chmod(0o640)
    elif kind == "link":
        path.symlink_to("/nowhere")
    else:
        path.mkdir()
        (path / "inside").write_text("1")
    before = path.lstat()
    set_aside(path)
    assert not os.path.lexists(path)
    assert _aside(store, path).lstat().st_ino == before.st_ino
    put_back(path)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_what_was_set_aside_is_for_root_alone_though_its_own_folder_was_open(
    store: Store, tmp_path: Path
) -> None:
    _set_aside(tmp_path / "x", "1")
    assert (store.root / "set-aside").stat().st_mode & 0o777 == 0o700


def test_a_second_one_of_a_path_gets_a_number_and_the_first_stays(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    _set_aside(path, "1", "2", "3")
    assert [_aside(store, path, n).read_text() for n in (0, 1, 2)] == ["1", "2", "3"]


def test_an_identical_copy_is_set_aside_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    _set_aside(path, "1", "2", "2", "1")
    assert not path.exists()
    assert sorted(p.read_text() for p in _aside(store, path).parent.iterdir()) == ["1", "2"]


def test_a_link_is_no_copy_of_the_file_that_it_leads_to(store: Store, tmp_path: Path) -> None:
    path, other = tmp_path / "x", tmp_path / "other"
    _set_aside(path, "1")
    other.write_text("1")
    path.symlink_to(other)
    set_aside(path)
    assert _aside(store, path, 1).is_symlink()
    assert other.read_text() == _aside(store, path).read_text() == "1"


@pytest.mark.parametrize("texts", [("1", "2"), ("2", "1", "2")])
def test_the_last_one_comes_back_first_even_if_an_older_copy_was_like_it(
    store: Store, tmp_path: Path, texts: tuple[str, ...]
) -> None:
    path = tmp_path / "x"
    _set_aside(path, *texts)
    put_back(path)
    assert path.read_text() == "2"
    path.unlink()
    put_back(path)
    assert path.read_text() == "1"


def test_a_numbered_link_that_leads_nowhere_comes_back(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    _set_aside(path, "1")
    path.symlink_to("/nowhere")
    set_aside(path)
    put_back(path)
    assert str(path.readlink()) == "/nowhere"


def test_another_file_whose_name_begins_alike_is_not_taken_for_it(store: Store, tmp_path: Path) -> None:
    for name in ("x", "x.1", "x.conf", "[x]"):
        _set_aside(tmp_path / name, name)
    for name in ("x", "[x]"):
        put_back(tmp_path / name)
    assert {p.name: p.read_text() for p in tmp_path.iterdir() if p.is_file()} == {"x": "x", "[x]": "[x]"}


def test_nothing_that_took_its_place_is_overwritten(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    _set_aside(path, "1")
    path.symlink_to("/nowhere")
    put_back(path)
    assert str(path.readlink()) == "/nowhere"
    assert _aside(store, path).read_text() == "1"


def test_where_the_folder_is_gone_or_nothing_was_set_aside_nothing_comes_back(
    store: Store, tmp_path: Path
) -> None:
    put_back(tmp_path / "never")
    folder = tmp_path / "folder"
    folder.mkdir()
    _set_aside(folder / "x", "1")
    folder.rmdir()
    put_back(folder / "x")
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_manifests_journals_and_the_running_transaction_tell_what_is_ours(store: Store) -> None:
    assert owned() == set()
    store.write_manifest("a", {"things": [{"id": "file:/etc/a"}, {"id": "packages:base"}]})
    store.write_journal("b", {"entries": [{"id": "symlink:/etc/b:c"}]})
    ownership.claim(["directory:/etc/c", "service:c.service"])
    assert owned() == {"/etc/a", "/etc/b:c", "/etc/c"}


def test_an_observation_reads_what_belongs_to_units_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_manifest("one", {"things": [{"id": "file:/etc/one"}]})
    reads: list[str] = []
    things = Store.things

    def counted(self: Store, unit: str) -> Any:
        reads.append(unit)
        return things(self, unit)

    monkeypatch.setattr(Store, "things", counted)
    with ownership.known_once():
        assert ownership.owned() == ownership.owned() == {"/etc/one"}
    assert reads == ["one"]
    store.write_manifest("two", {"things": [{"id": "file:/etc/two"}]})
    assert ownership.owned() == {"/etc/one", "/etc/two"}
