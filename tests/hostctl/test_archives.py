from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from hostctl.archives import sizes, unpack
from hostctl.errors import HostError


def _tar(path: Path, *members: tuple[str, bytes, str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o6755
            info.size = 1 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"x"))
    return path


FILE, DIR, SYM, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", FILE, "")],
        [("/evil", FILE, "")],
        [("a/../../evil", FILE, "")],
        [("l", SYM, "/etc"), ("l/evil", FILE, "")],
        [("l", SYM, "../outside")],
        [("a", DIR, ""), ("a/l", SYM, "../..")],
        [("l", HARD, "../outside")],
        [("l", SYM, "."), ("l/evil", FILE, "")],
        [("a/b/c", SYM, "../.."), ("out", SYM, "a/b/c/../.."), ("out/evil", FILE, "")],
        [("a/b/c", SYM, "../.."), ("out", SYM, "a/b/c/..")],
        [("s", SYM, "a"), ("h", HARD, "s")],
        [("dev", tarfile.CHRTYPE, "")],
        [("pipe", tarfile.FIFOTYPE, "")],
    ],
)
def test_a_hostile_archive_is_refused_and_nothing_lies_outside(
    tmp_path: Path, members: list[tuple[str, bytes, str]]
) -> None:
    archive = _tar(tmp_path / "a.tar.gz", *members)
    target = tmp_path / "deep/tree"
    target.mkdir(parents=True)
    with pytest.raises(HostError, match="leads outside"):
        unpack(archive, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "deep"]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["tree"]


def test_an_ordinary_archive_keeps_its_links_and_loses_set_uid(tmp_path: Path) -> None:
    archive = _tar(
        tmp_path / "a.tar.gz", ("./", DIR, ""), ("./bin", DIR, ""), ("./bin/run", FILE, ""), ("./go", SYM, "bin/run"),
        ("./same", HARD, "./bin/run"),
    )  # fmt: skip
    target = tmp_path / "tree"
    target.mkdir()
    unpack(archive, target)
    assert (target / "go").read_text() == (target / "same").read_text() == "x"
    assert (target / "bin/run").stat().st_mode & 0o7777 == 0o755


def test_sizes_are_told_without_unpacking(tmp_path: Path) -> None:
    archive = _tar(tmp_path / "a.tar.gz", ("./", DIR, ""), ("./run", FILE, ""), ("./go", SYM, "run"))
    assert sizes(archive) == [0, 1, 0]
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_what_is_no_archive_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8bnonsense")
    with pytest.raises(HostError, match=r"a\.tar\.gz: not a usable tar\.gz"):
        unpack(tmp_path / "a.tar.gz", tmp_path)


def test_whatever_is_wrong_with_an_archive_is_said_in_one_line_with_its_name(tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as tar:
        info = tarfile.TarInfo("run")
        info.size = 50_000
        tar.addfile(info, io.BytesIO(b"a line of text\n" * 3334))
    data = whole.read_bytes()
    middle = len(data) // 2
    broken = {
        "text": b"<html>not found</html>",
        "empty": b"",
        "cut": data[:middle],
        "damaged": data[:middle] + b"\xff" * 8 + data[middle + 8 :],
        "a bare gzip": gzip.compress(b"no tar"),
    }
    for name, content in broken.items():
        archive = tmp_path / "artifact.tar.gz"
        archive.write_bytes(content)
        with pytest.raises(HostError, match=r"^https://x/a: not a usable tar\.gz: ") as failure:
            sizes(archive, "https://x/a")
        assert "\n" not in failure.value.what, name
