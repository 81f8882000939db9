"""Folders that hold nothing but what units put there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hostctl.kinds import build
from hostctl.kinds.directory import Directory
from hostctl.ownership import claim
from hostctl.store import Store
from tests.hostctl.tools import Tools


@pytest.fixture(autouse=True)
def _no_package_knows_it(store: Store, tools: Tools) -> None:
    tools.answer("dpkg-query --search", status=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conf.d"


def _directory(path: Path, attributes: dict[str, str], **more: Any) -> Directory:
    wanted = {"kind": "directory", "path": str(path), **attributes, "mode": "0750"}
    thing = build(wanted | {"exclusive": True} | more)
    assert isinstance(thing, Directory)
    return thing


def _differs(thing: Directory) -> list[str]:
    return thing.differs(thing.observe())


def _made(path: Path, attributes: dict[str, str], **more: Any) -> Directory:
    thing = _directory(path, attributes, **more)
    thing.apply(thing.observe())
    return thing


def test_it_is_made_with_its_parents_mode_and_owner_and_goes_with_them(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    thing = _directory(tmp_path / "a/conf.d", attributes)
    before = thing.observe()
    assert before is not None
    assert thing.differs(before) == ["missing"]
    thing.apply(before)
    assert (tmp_path / "a/conf.d").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
    thing.restore(before)
    assert list(tmp_path.iterdir()) == []


def test_strangers_of_every_type_are_named(path: Path, attributes: dict[str, str]) -> None:
    thing = _made(path, attributes)
    (path / "file").touch()
    (path / "link").symlink_to("/nowhere")
    (path / "folder").mkdir()
    assert _differs(thing) == [f"{n} does not belong there" for n in ("file", "folder", "link")]


def test_an_ordinary_folder_asks_for_no_names(path: Path, attributes: dict[str, str]) -> None:
    thing = _made(path, attributes, exclusive=False)
    (path / "file").touch()
    assert _differs(thing) == []


def test_what_units_have_there_or_below_is_no_stranger(
    path: Path, attributes: dict[str, str], store: Store
) -> None:
    thing = _made(path, attributes)
    (path / "sites").mkdir()
    for name in ("ours", "others", "being-made", "sites/one"):
        (path / name).touch()
    claim([f"file:{path}/ours"])
    store.write_manifest(
        "other", {"things": [{"id": f"file:{path}/others"}, {"id": f"file:{path}/sites/one"}]}
    )
    store.write_journal("third", {"entries": [{"id": f"file:{path}/being-made"}]})
    assert _differs(thing) == []


def test_a_folder_whose_name_only_begins_like_ours_is_a_stranger(
    path: Path, attributes: dict[str, str]
) -> None:
    thing = _made(path, attributes)
    (path / "sites").mkdir()
    claim([f"file:{path}/sites-of-ours/one"])
    assert _differs(thing) == ["sites does not belong there"]


def test_a_file_that_another_unit_is_writing_is_no_stranger(path: Path, attributes: dict[str, str]) -> None:
    thing = _made(path, attributes)
    (path / ".x.conf.dhanman-new").touch()
    assert _differs(thing) == []


def test_strangers_are_set_aside_and_come_back(path: Path, attributes: dict[str, str], store: Store) -> None:
    path.mkdir(mode=0o700)
    (path / "theirs").write_text("1")
    thing = _directory(path, attributes)
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    assert (list(path.iterdir()), _differs(thing)) == ([], [])
    thing.restore(before)
    assert (path / "theirs").read_text() == "1"
    assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("there", ["file", "link"])
def test_a_file_or_link_in_its_place_is_replaced(path: Path, attributes: dict[str, str], there: str) -> None:
    if there == "file":
        path.touch()
    else:
        path.symlink_to("/nowhere")
    thing = _directory(path, attributes)
    state = thing.observe()
    assert thing.differs(state) == ["is a file" if there == "file" else "is a symlink"]
    thing.apply(state)
    assert _differs(thing) == []


def test_strangers_are_somebodys_unless_we_installed_the_package_of_the_folder(
    path: Path, attributes: dict[str, str], store: Store, tools: Tools
) -> None:
    thing = _made(path, attributes, of_package="nginx")
    (path / "theirs").touch()
    state = thing.observe()
    assert state is not None
    # not even a folder that a package ships makes them ours
    tools.answer("dpkg-query --search", f"nginx: {path}\n")
    assert thing.foreign(state)
    store.update_registry("packages", add=["nginx"])
    assert not thing.foreign(state)


def test_without_strangers_a_folder_that_a_package_ships_is_nobodys(
    path: Path, attributes: dict[str, str], tools: Tools
) -> None:
    thing = _made(path, attributes)
    state = thing.observe()
    assert state is not None
    assert thing.foreign(state)
    tools.answer("dpkg-query --search", f"nginx: {path}\n")
    assert not thing.foreign(state)


@pytest.mark.parametrize("recursive", [False, True])
def test_what_others_put_into_it_stays_unless_it_goes_as_a_whole(
    path: Path, attributes: dict[str, str], capsys: pytest.CaptureFixture[str], recursive: bool
) -> None:
    thing = _directory(path, attributes, exclusive=False, recursive=recursive)
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    (path / "theirs").touch()
    thing.restore(before)
    assert path.exists() is not recursive
    assert ("is not empty and stays" in capsys.readouterr().err) is not recursive


@pytest.mark.parametrize("recursive", [False, True])
def test_a_folder_that_was_there_stays_with_what_is_in_it(
    path: Path, attributes: dict[str, str], capsys: pytest.CaptureFixture[str], recursive: bool
) -> None:
    path.mkdir(mode=0o700)
    (path / "theirs").touch()
    thing = _directory(path, attributes, exclusive=False, recursive=recursive)
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    thing.restore(before)
    assert (path / "theirs").exists()
    assert thing.observe() == before
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
def test_its_owner_and_group_are_made_right(path: Path, attributes: dict[str, str]) -> None:
    thing = _made(path, attributes | {"owner": "54321", "group": "54322"})
    assert (path.stat().st_uid, path.stat().st_gid) == (54321, 54322)
    assert _differs(thing) == []


def test_its_data_is_kept_only_if_it_says_so(path: Path, attributes: dict[str, str]) -> None:
    assert _directory(path, attributes, data=True).data
    assert not _directory(path, attributes).data
