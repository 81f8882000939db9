from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostctl.asset_pool import AssetPool

PATTERN = r"(^/assets/|[.-][0-9a-f]{8,}\.js$)"


def _tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _content(pool: AssetPool) -> dict[str, str]:
    return {
        str(p.relative_to(pool.folder)): p.read_text() for p in sorted(pool.folder.rglob("*")) if p.is_file()
    }


@pytest.fixture
def pool(tmp_path: Path) -> AssetPool:
    return AssetPool(tmp_path / "kept", PATTERN)


def test_only_files_whose_name_is_their_content_are_kept_and_they_take_no_room(
    tmp_path: Path, pool: AssetPool
) -> None:
    files = {
        "index.html": "1",
        "logo.js": "2",
        "assets/a.css": "3",
        "Assets/B.css": "4",
        "chunk-0a1b2c3d.js": "5",
    }
    tree = _tree(tmp_path / "1", files)
    (tree / "assets/link").symlink_to("/etc/passwd")
    assert not pool.is_filled([tree])
    pool.fill([tree])
    assert pool.is_filled([tree])
    assert _content(pool) == {"Assets/B.css": "4", "assets/a.css": "3", "chunk-0a1b2c3d.js": "5"}
    assert (pool.folder / "assets/a.css").samefile(tree / "assets/a.css")


def test_an_asset_goes_with_the_last_release_that_has_it(tmp_path: Path, pool: AssetPool) -> None:
    one = _tree(tmp_path / "1", {"assets/old.js": "old", "assets/deep/same.js": "same"})
    two = _tree(tmp_path / "2", {"assets/new.js": "new", "assets/deep/same.js": "same"})
    pool.fill([one, two])
    assert set(_content(pool)) == {"assets/deep/same.js", "assets/new.js", "assets/old.js"}
    pool.prune([two])
    assert _content(pool) == {"assets/deep/same.js": "same", "assets/new.js": "new"}
    assert pool.is_filled([two])
    pool.prune([])
    assert not pool.folder.exists()


def test_other_content_under_the_same_name_waits_until_the_older_release_goes(
    tmp_path: Path, pool: AssetPool
) -> None:
    one, two = (_tree(tmp_path / n, {"assets/logo.png": n}) for n in ("1", "2"))
    pool.fill([one])
    pool.fill([one, two])
    assert _content(pool) == {"assets/logo.png": "1"}
    assert pool.is_filled([one, two])
    pool.prune([two])
    assert _content(pool) == {"assets/logo.png": "2"}


def test_a_file_that_is_a_folder_in_another_release_gives_way(tmp_path: Path, pool: AssetPool) -> None:
    one = _tree(tmp_path / "1", {"assets/a": "file"})
    two = _tree(tmp_path / "2", {"assets/a/b.js": "below"})
    pool.fill([one])
    pool.fill([one, two])
    assert _content(pool) == {"assets/a/b.js": "below"}
    assert pool.is_filled([one, two])
    pool.prune([one])
    assert _content(pool) == {"assets/a": "file"}


@pytest.mark.parametrize("edit", ["removed", "replaced", "a folder in its place", "a file for its folder"])
def test_what_was_changed_by_hand_is_seen_and_mended(tmp_path: Path, pool: AssetPool, edit: str) -> None:
    tree = _tree(tmp_path / "1", {"assets/a.js": "a"})
    pool.fill([tree])
    place = pool.folder / "assets/a.js"
    place.unlink()
    match edit:
        case "replaced":
            place.write_text("a")
        case "a folder in its place":
            place.mkdir()
        case "a file for its folder":
            place.parent.rmdir()
            place.parent.write_text("")
    assert not pool.is_filled([tree])
    pool.fill([tree])
    assert place.samefile(tree / "assets/a.js")


def test_what_a_run_that_was_killed_left_goes(tmp_path: Path, pool: AssetPool) -> None:
    tree = _tree(tmp_path / "1", {"assets/a.js": "a"})
    pool.fill([tree])
    os.link(tree / "assets/a.js", pool.folder / "assets/.a.js.new")
    pool.prune([tree])
    assert [p.name for p in (pool.folder / "assets").iterdir()] == ["a.js"]
