"""Versions of an artifact beside each other: made, seen to be whole, dropped."""

from __future__ import annotations

import grp
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from hostctl.archives import sha256
from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.base import State
from hostctl.kinds.release import Release

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a release belongs to root")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    path = tmp_path / "uploads/app-1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, mode in (("./run", 0o600), ("./conf.json", 0o666)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 1, mode
            tar.addfile(info, io.BytesIO(b"x"))
    return path


def _release(tmp_path: Path, artifact: Path, version: str = "1", **more: Any) -> Release:
    wanted = {
        "kind": "release", "root": str(tmp_path / "app"), "version": version, "source": str(artifact),
        "sha256": sha256(artifact), "config_files": [], "config_directory": "/etc/app", "keep": 2,
        "group": grp.getgrgid(os.getgid()).gr_name, "public": False, "executable": "run",
    }  # fmt: skip
    thing = build(wanted | more)
    assert isinstance(thing, Release)
    return thing


def _made(thing: Release) -> State:
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    thing.finish()
    assert thing.differs(thing.observe()) == []
    return before


@pytest.mark.parametrize("public", [False, True])
def test_a_release_is_readable_by_its_group_alone_unless_it_is_public(
    tmp_path: Path, artifact: Path, public: bool
) -> None:
    thing = _release(tmp_path, artifact, public=public)
    before = thing.observe()
    assert thing.differs(before) == ["version 1 is not there"]
    thing.apply(before)
    tree = tmp_path / "app/releases/1"
    modes = [p.stat().st_mode & 0o7777 for p in (tree, tree / "run", tree / "conf.json")]
    others = 0o005 if public else 0
    assert modes == [0o750 | others, 0o750 | others, 0o640 | others & 0o004]


def test_the_environments_own_files_are_links_and_the_artifacts_stay_beside_them(
    tmp_path: Path, artifact: Path
) -> None:
    _made(_release(tmp_path, artifact, config_files=["conf.json", "more.json"]))
    tree = tmp_path / "app/releases/1"
    assert str((tree / "conf.json").readlink()) == "/etc/app/conf.json"
    assert str((tree / "more.json").readlink()) == "/etc/app/more.json"
    assert (tree / "conf.json.artifact").read_text() == "x"


@pytest.mark.parametrize("change", ["content", "mode", "removed", "added", "folder", "same size"])
def test_a_changed_file_of_a_release_is_seen_and_repaired(
    tmp_path: Path, artifact: Path, change: str
) -> None:
    thing = _release(tmp_path, artifact)
    _made(thing)
    tree = tmp_path / "app/releases/1"
    info = (tree / "run").stat()
    match change:
        case "content":
            (tree / "run").write_text("changed by hand")
        case "mode":
            (tree / "run").chmod(0o777)
        case "removed":
            (tree / "conf.json").unlink()
        case "added":
            (tree / "extra").touch()
        case "folder":
            (tree / "extra").mkdir()
        case _:
            (tree / "run").write_text("y")
            os.utime(tree / "run", ns=(info.st_atime_ns, info.st_mtime_ns + 1))
    state = thing.observe()
    assert thing.differs(state) == ["files of version 1 were changed"]
    thing.apply(state)
    assert thing.differs(thing.observe()) == []
    assert sorted(p.name for p in tree.iterdir()) == ["conf.json", "run"]
    assert (tree / "run").read_text() == "x"
    assert sorted(p.name for p in tree.parent.iterdir()) == ["1", "1.listing", "1.sha256"]


def test_reading_a_release_changes_nothing_and_one_without_a_listing_counts_as_whole(
    tmp_path: Path, artifact: Path
) -> None:
    thing = _release(tmp_path, artifact)
    _made(thing)
    (tmp_path / "app/releases/1/run").read_text()
    assert thing.differs(thing.observe()) == []
    (tmp_path / "app/releases/1.listing").unlink()
    (tmp_path / "app/releases/1/run").write_text("changed by hand")
    assert thing.differs(thing.observe()) == []


def test_the_listing_and_the_digest_go_with_the_release(tmp_path: Path, artifact: Path) -> None:
    releases = tmp_path / "app/releases"
    before = _made(_release(tmp_path, artifact, "1"))
    for version in ("2", "3"):
        _made(_release(tmp_path, artifact, version))
    assert sorted(p.name for p in releases.iterdir()) == [
        "2", "2.listing", "2.sha256", "3", "3.listing", "3.sha256",
    ]  # fmt: skip
    _release(tmp_path, artifact, "3").restore(before)
    assert [p.name for p in tmp_path.iterdir()] == ["uploads"]


def test_a_version_that_is_in_use_is_not_dropped(tmp_path: Path, artifact: Path) -> None:
    _made(_release(tmp_path, artifact, "1"))
    (tmp_path / "app/current").symlink_to("releases/1")
    _made(_release(tmp_path, artifact, "2", keep=0))
    _made(_release(tmp_path, artifact, "3", keep=0))
    assert sorted(p.name for p in (tmp_path / "app/releases").iterdir() if p.is_dir()) == ["1", "3"]


def test_going_back_leaves_the_versions_that_were_there(tmp_path: Path, artifact: Path) -> None:
    _made(_release(tmp_path, artifact, "1"))
    thing = _release(tmp_path, artifact, "2")
    thing.restore(_made(thing))
    assert sorted(p.name for p in (tmp_path / "app/releases").iterdir()) == ["1", "1.listing", "1.sha256"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sha256": "0" * 64}, "not 0000"),
        ({"source": "/no/such.tar.gz"}, "is not on the host"),
        ({"executable": "none"}, "the artifact has no none"),
    ],
)
def test_an_unusable_artifact_is_refused_and_leaves_nothing(
    tmp_path: Path, artifact: Path, more: dict[str, str], words: str
) -> None:
    thing = _release(tmp_path, artifact, **more)
    before = thing.observe()
    assert before is not None
    with pytest.raises(HostError, match=words):
        thing.apply(before)
    assert list((tmp_path / "app").glob("releases/*")) == []
    thing.restore(before)
    assert [p.name for p in tmp_path.iterdir()] == ["uploads"]


def test_a_version_that_is_there_with_another_digest_is_never_replaced(
    tmp_path: Path, artifact: Path
) -> None:
    _made(_release(tmp_path, artifact))
    thing = _release(tmp_path, artifact, sha256="0" * 64)
    with pytest.raises(HostError, match="with other content") as refused:
        thing.differs(thing.observe())
    assert "new version" in refused.value.hint


def test_older_uploads_of_the_same_artifact_go_and_others_stay(tmp_path: Path, artifact: Path) -> None:
    for name in ("app-0.tar.gz", "web-0.tar.gz", "app-notes.txt"):
        (artifact.parent / name).touch()
    _made(_release(tmp_path, artifact))
    assert sorted(p.name for p in artifact.parent.iterdir()) == [
        "app-1.tar.gz",
        "app-notes.txt",
        "web-0.tar.gz",
    ]


def _frontend(tmp_path: Path, artifact: Path, version: str = "1", **more: Any) -> Release:
    pool = {"pool": str(tmp_path / "app/kept"), "pool_pattern": "^/run$", "public": True}
    return _release(tmp_path, artifact, version, **(pool | more))


def test_what_pages_of_kept_versions_ask_for_stays_and_goes_with_the_last_of_them(
    tmp_path: Path, artifact: Path
) -> None:
    before = _made(_frontend(tmp_path, artifact, "1"))
    kept = tmp_path / "app/kept/run"
    assert kept.samefile(tmp_path / "app/releases/1/run")
    for version in ("2", "3"):
        _made(_frontend(tmp_path, artifact, version))
    assert kept.samefile(tmp_path / "app/releases/2/run")
    assert (kept.stat().st_mode & 0o777, kept.stat().st_nlink) == (0o755, 2)
    _frontend(tmp_path, artifact, "3").restore(before)
    assert [p.name for p in tmp_path.iterdir()] == ["uploads"]


def test_a_pool_that_is_missing_is_made_without_the_artifact(tmp_path: Path, artifact: Path) -> None:
    _made(_release(tmp_path, artifact, public=True))
    thing = _frontend(tmp_path, artifact)
    artifact.unlink()
    assert thing.differs(thing.observe()) == ["kept assets are missing"]
    _made(thing)


def test_nothing_is_dropped_until_the_whole_unit_has_succeeded(tmp_path: Path, artifact: Path) -> None:
    for version in ("1", "2"):
        _made(_release(tmp_path, artifact, version))
    thing = _release(tmp_path, artifact, "3", keep=1)
    thing.apply(thing.observe())
    assert sorted(p.name for p in (tmp_path / "app/releases").glob("?")) == ["1", "2", "3"]
    thing.finish()
    assert [p.name for p in (tmp_path / "app/releases").glob("?")] == ["3"]


@pytest.mark.parametrize("link", ["app/current", "app/slots/blue", "app/slots/green", "www"])
def test_no_version_is_dropped_that_a_way_back_leads_to(tmp_path: Path, artifact: Path, link: str) -> None:
    _made(_release(tmp_path, artifact, "1"))
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "app/releases/1")
    for version in ("2", "3", "4"):
        _made(_release(tmp_path, artifact, version, links=[str(tmp_path / "www")]))
    assert sorted(p.name for p in (tmp_path / "app/releases").glob("?")) == ["1", "3", "4"]


def test_keeping_fewer_versions_drops_the_oldest_at_once_and_then_nothing_differs(
    tmp_path: Path, artifact: Path
) -> None:
    for version in ("1", "2", "3", "4"):
        _made(_release(tmp_path, artifact, version, keep=9))
    fewer = _release(tmp_path, artifact, "4", keep=2)
    artifact.unlink()
    assert fewer.differs(fewer.observe()) == ["more versions than are kept: 2, 1"]
    _made(fewer)
    assert sorted(p.name for p in (tmp_path / "app/releases").glob("?")) == ["3", "4"]


@pytest.mark.parametrize("link", ["app/current", "app/slots/blue", "app/slots/green", "www"])
def test_keeping_fewer_versions_is_no_difference_to_those_that_something_leads_to(
    tmp_path: Path, artifact: Path, link: str
) -> None:
    _made(_release(tmp_path, artifact, "1", keep=9))
    _made(_release(tmp_path, artifact, "2", keep=9))
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "app/releases/1")
    fewer = _release(tmp_path, artifact, "2", keep=0, links=[str(tmp_path / "www")])
    assert fewer.differs(fewer.observe()) == []


def test_what_a_killed_run_left_goes_with_the_next_version(tmp_path: Path, artifact: Path) -> None:
    left = tmp_path / "app/releases/.0.9.new/tree"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    _made(_release(tmp_path, artifact))
    assert sorted(p.name for p in (tmp_path / "app/releases").iterdir()) == ["1", "1.listing", "1.sha256"]


def test_an_artifact_that_does_not_fit_is_refused_before_anything_is_unpacked(
    tmp_path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = _release(tmp_path, artifact)
    before = thing.observe()
    nothing = os.statvfs_result((4096, 4096, 1000, 1, 1, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: nothing)
    with pytest.raises(HostError, match=r"releases/1: not enough room: it takes 0\.0 MiB and 0\.2 MiB"):
        thing.apply(before)
    assert [p.name for p in tmp_path.iterdir()] == ["uploads"]


class _Answer(io.BytesIO):
    """What ``urlopen`` gives, with a length that may be anything."""

    def __init__(self, content: bytes, length: int | None) -> None:
        super().__init__(content)
        self.headers = {} if length is None else {"Content-Length": str(length)}


@pytest.mark.parametrize(("length", "takes"), [(10**9, "4768.4 MiB"), (None, "0.0 MiB")])
def test_what_a_url_announces_is_asked_for_five_times_before_it_is_fetched(
    tmp_path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch, length: int | None, takes: str
) -> None:
    answer = _Answer(artifact.read_bytes(), length)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: answer)
    thing = _release(tmp_path, artifact, source="https://artifacts.example.com/app.tar.gz")
    before = thing.observe()
    small = os.statvfs_result((4096, 4096, 1000, 1, 1, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: small)
    with pytest.raises(HostError, match=f"it takes {takes}"):
        thing.apply(before)
    assert answer.closed
    assert list((tmp_path / "app/releases").iterdir()) == []


@as_root
def test_a_program_that_is_no_archive_is_kept_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "fetched"
    program.write_bytes(b"\x7fELF, or not")

    def fetch(_url: str, target: Path, announced: Any) -> None:
        announced(program.stat().st_size)
        target.write_bytes(program.read_bytes())

    monkeypatch.setattr("hostctl.download.fetch", fetch)
    url = "https://vendor.example.com/minio?v=1"
    thing = _release(tmp_path, program, source=url, program="minio", executable="minio", public=True)
    _made(thing)
    made = tmp_path / "app/releases/1"
    assert [path.name for path in made.iterdir()] == ["minio"]
    assert (made / "minio").read_bytes() == program.read_bytes()
    assert (made / "minio").stat().st_mode & 0o777 == 0o755
    other = _release(tmp_path, program, "2", source=url, program="minio", sha256="0" * 64)
    with pytest.raises(HostError, match="sha256 is"):
        other.apply(other.observe())
    assert not (tmp_path / "app/releases/2").exists()
