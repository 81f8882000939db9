"""File, directory, symlink and absent: each observed, applied, restored."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from hostctl.errors import ROOM, HostError, plain
from hostctl.kinds import build
from hostctl.kinds.base import Kind, State
from hostctl.kinds.paths import observe_path, restore_path, write_file


def _round(thing: Kind) -> State:
    """Apply it, see that nothing differs, and give back how it was."""
    before = thing.observe()
    assert before is not None
    assert thing.differs(before)
    thing.apply(before)
    assert thing.differs(thing.observe()) == []
    return before


def _file(path: Path, attributes: dict[str, str], content: str = "new", **more: Any) -> Kind:
    return build({"kind": "file", "path": str(path), "content": content, **attributes, **more})


def test_a_file_is_made_with_its_parents_and_goes_with_them(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    thing = _file(tmp_path / "a/b/c", attributes)
    before = _round(thing)
    thing.restore(before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("old", ["file", "symlink", "directory"])
@pytest.mark.parametrize("new", ["file", "symlink", "directory"])
def test_each_type_of_path_becomes_each_other_and_comes_back(
    tmp_path: Path, attributes: dict[str, str], old: str, new: str
) -> None:
    path = tmp_path / "x"
    if old == "file":
        path.write_text("old")
        path.chmod(0o600)
    elif old == "symlink":
        path.symlink_to("/nowhere")
    else:
        path.mkdir(mode=0o700)
    was = observe_path(path, content=True)
    wanted = {
        "kind": new,
        "path": str(path),
        "content": "new",
        "target": "elsewhere",
        **attributes,
        "mode": "0755",
    }
    thing = build(wanted)
    thing.restore(_round(thing))
    assert observe_path(path, content=True) == was
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_directory_that_is_not_empty_is_not_given_up(tmp_path: Path, attributes: dict[str, str]) -> None:
    (tmp_path / "x/y").mkdir(parents=True)
    thing = _file(tmp_path / "x", attributes)
    with pytest.raises(HostError, match="not empty"):
        thing.apply(thing.observe())
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_absent_removes_and_brings_back(tmp_path: Path) -> None:
    path = tmp_path / "default"
    path.symlink_to("../available/default")
    thing = build({"kind": "absent", "path": str(path)})
    before = _round(thing)
    assert not path.is_symlink()
    thing.restore(before)
    assert str(path.readlink()) == "../available/default"


def test_what_a_killed_run_left_beside_the_file_goes_with_the_next_run_or_its_undo(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    (tmp_path / ".x.dhanman-new").write_text("half")
    write_file(tmp_path / "x", b"1", **attributes)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    (tmp_path / ".x.dhanman-new").write_text("half")
    restore_path(tmp_path / "x", {"type": "absent"})
    assert list(tmp_path.iterdir()) == []


def test_an_owner_that_the_host_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no user nobody-at-all"):
        write_file(tmp_path / "x", b"", mode="0600", owner="nobody-at-all", group="root")


def test_json_is_merged_deep_and_a_base_that_vanishes_counts_as_empty(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    base, target = tmp_path / "base.json", tmp_path / "x.json"
    base.write_text('\ufeff{"a": {"b": 1, "c": 1}, "d": [1]}')
    thing = _file(target, attributes, '{"a": {"b": 2}, "d": []}', merge_json=str(base))
    _round(thing)
    assert '"c": 1' in target.read_text()
    base.unlink()
    _round(thing)
    assert '"c": 1' not in target.read_text()
    base.write_text("[]")
    with pytest.raises(HostError, match="not a JSON object"):
        thing.differs(thing.observe())


def test_neither_words_nor_record_of_a_file_hold_its_content(
    tmp_path: Path, attributes: dict[str, str]
) -> None:
    (tmp_path / "x").write_text("old-hunter22")
    thing = _file(tmp_path / "x", attributes, "hunter22", secret=True)
    assert "hunter22" not in str(thing.differs(thing.observe())) + str(thing.record())
    again = build(thing.record() | {"kind": "file"})
    assert again.differs(again.observe()) == thing.differs(thing.observe())


class FullDisk:
    """Has no room for another file until one of those that are there is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder, self.files = folder, len(list(folder.iterdir()))
        self.really = os.open
        monkeypatch.setattr("hostctl.kinds.paths.os.open", self)

    def __call__(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and len(list(self.folder.iterdir())) >= self.files:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return self.really(path, flags, mode)


def test_on_a_full_disk_a_file_stays_as_it_was_and_the_error_names_it(
    tmp_path: Path, attributes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    thing = _file(path, attributes)
    before = thing.observe()
    assert before is not None
    FullDisk(monkeypatch, tmp_path)
    with pytest.raises(OSError, match="No space left on device") as failure:
        thing.apply(before)
    assert failure.value.filename == str(path)
    assert plain(failure.value).hint == ROOM
    thing.restore(before)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_on_a_full_disk_what_was_there_comes_back_in_the_room_of_what_goes(
    tmp_path: Path, attributes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    thing = _file(path, attributes)
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    FullDisk(monkeypatch, tmp_path)
    thing.restore(before)
    assert path.read_text() == "old"
