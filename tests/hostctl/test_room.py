from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostctl import room
from hostctl.errors import ROOM, HostError

GIB = 1024**3


def _statvfs(total: int, free: int, *, inodes: int = 1000, free_inodes: int = 1000) -> os.statvfs_result:
    block = 4096
    blocks, left = total // block, free // block
    return os.statvfs_result((block, block, blocks, left, left, inodes, free_inodes, free_inodes, 0, 255))


@pytest.mark.parametrize(
    ("total", "free", "sizes", "refused"),
    [
        (100 * GIB, 2 * GIB, [GIB], ""),
        (
            100 * GIB,
            1400 * room.MIB,
            [GIB],
            "it takes 1024.0 MiB and 500.0 MiB must stay free, but 1400.0 MiB",
        ),
        # five per cent of a small one: 51.2 MiB
        (GIB, 120 * room.MIB, [64 * room.MIB], ""),
        (GIB, 100 * room.MIB, [64 * room.MIB], "51.2 MiB must stay free"),
        # each file takes whole blocks: 16384 of one byte are 64 MiB
        (GIB, 100 * room.MIB, [1] * 16384, "it takes 64.0 MiB"),
        # what was there before is full: nothing more, however small
        (GIB, 10 * room.MIB, [], "must stay free"),
    ],
)
def test_what_is_to_be_written_and_a_reserve_must_fit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, total: int, free: int, sizes: list[int], refused: str
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: _statvfs(total, free, inodes=0))
    if not refused:
        room.require(tmp_path, sizes)
        return
    with pytest.raises(HostError, match=refused) as error:
        room.require(tmp_path, sizes)
    assert error.value.hint == ROOM
    assert "\n" not in error.value.what


@pytest.mark.parametrize(("inodes", "refused"), [(1000, True), (0, False)])
def test_inodes_count_where_the_file_system_counts_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inodes: int, refused: bool
) -> None:
    answer = _statvfs(100 * GIB, 50 * GIB, inodes=inodes, free_inodes=2)
    monkeypatch.setattr(os, "statvfs", lambda _: answer)
    room.require(tmp_path, [1, 1])
    if refused:
        with pytest.raises(HostError, match="it has 3 files, but 2 inodes are free"):
            room.require(tmp_path, [1, 1, 1])
    else:
        room.require(tmp_path, [1, 1, 1])


def test_a_folder_that_is_not_there_yet_is_asked_for_at_its_parent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Path] = []

    def statvfs(path: Path) -> os.statvfs_result:
        asked.append(path)
        return _statvfs(GIB, GIB)

    monkeypatch.setattr(os, "statvfs", statvfs)
    room.require(tmp_path / "not/yet", [1])
    assert asked == [tmp_path]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting is root's")
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=False)
    if done.returncode != 0:
        pytest.skip("this machine mounts nothing")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_real_file_system_holds_what_it_holds(small: Path) -> None:
    room.require(small / "new", [3 * room.MIB])
    with pytest.raises(HostError, match=r"it takes 5\.0 MiB and 0\.2 MiB must stay free, but 4\.0 MiB"):
        room.require(small / "new", [5 * room.MIB])
    (small / "file").write_bytes(b"x" * 2 * room.MIB)
    with pytest.raises(HostError, match=r"but 2\.0 MiB"):
        room.require(small / "new", [3 * room.MIB])
