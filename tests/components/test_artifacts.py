"""Artifacts that lie on this machine."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from components.artifacts import pack, pack_program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "service"
    (made / "lib").mkdir(parents=True)
    (made / "__pycache__").mkdir()
    (made / "__pycache__" / "run.pyc").write_text("not content")
    (made / "run").write_text("#!/bin/sh\n")
    (made / "run").chmod(0o700)
    (made / "lib" / "data.txt").write_text("data")
    (made / "lib" / "data.txt").chmod(0o600)
    (made / "latest").symlink_to("lib/data.txt")
    return made


def test_equal_content_is_an_equal_file_whatever_its_times_and_modes(folder: Path, tmp_path: Path) -> None:
    first = pack(folder, tmp_path / "one")
    os.utime(folder / "run", (1, 1))
    (folder / "lib" / "data.txt").chmod(0o664)
    second = pack(folder, tmp_path / "two")
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_another_content_is_another_digest(folder: Path, tmp_path: Path) -> None:
    before = pack(folder, tmp_path / "cache").sha256
    (folder / "lib" / "data.txt").write_text("datum")
    assert pack(folder, tmp_path / "cache").sha256 != before


def test_what_was_packed_once_is_not_compressed_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pack(folder, tmp_path / "cache")
    made = first.path.stat().st_mtime_ns
    with monkeypatch.context() as nothing:
        nothing.setattr("gzip.GzipFile", None)
        assert pack(folder, tmp_path / "cache") == first
    assert first.path.stat().st_mtime_ns == made
    (folder / "latest").unlink()
    (folder / "latest").symlink_to("run")
    assert pack(folder, tmp_path / "cache").path != first.path


def test_a_program_is_packed_as_one_runnable_file_of_its_new_name(folder: Path, tmp_path: Path) -> None:
    packed = pack_program(folder / "lib" / "data.txt", "server", tmp_path / "cache")
    with tarfile.open(packed.path) as archive:
        (member,) = archive.getmembers()
    assert (member.name, member.mode, member.size) == ("server", 0o755, len("data"))
    assert pack_program(folder / "lib" / "data.txt", "server", tmp_path / "cache") == packed


def test_links_stay_links_and_programs_stay_executable(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(pack(folder, tmp_path / "cache").path) as archive:
        members = {m.name: m for m in archive.getmembers()}
    assert sorted(members) == ["latest", "lib", "lib/data.txt", "run"]
    assert (members["latest"].issym(), members["latest"].linkname) == (True, "lib/data.txt")
    assert {name: members[name].mode for name in ("run", "lib", "lib/data.txt")} == {
        "run": 0o755,
        "lib": 0o755,
        "lib/data.txt": 0o644,
    }
    assert {(m.uid, m.uname, m.mtime) for m in members.values()} == {(0, "root", 0)}


def test_a_tar_gz_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "sales.tar.gz"
    file.write_bytes(b"anything")
    assert pack(file, tmp_path / "cache").path == file
    assert not (tmp_path / "cache").exists()


def test_no_half_written_file_stays_in_the_cache(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == [packed.path]
