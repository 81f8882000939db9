from __future__ import annotations

from pathlib import Path

from certctl.shelf import KEPT, Shelf


def version(shelf: Shelf, name: str, text: str) -> Path:
    folder = shelf.draft(name)
    for file in ("fullchain.pem", "privkey.pem"):
        (folder / file).write_text(text)
    shelf.complete(folder, {"from": text})
    return folder


def test_certificate_and_key_change_with_one_link(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first, second = version(shelf, "a.example", "first"), version(shelf, "a.example", "second")
    assert shelf.serve("a.example", first) is None
    assert shelf.served("a.example") == first
    assert shelf.serve("a.example", second) == first
    assert (shelf.live("a.example") / "privkey.pem").read_text() == "second"
    assert shelf.origin("a.example") == {"from": "second"}
    assert not [path for path in shelf.live("a.example").parent.iterdir() if path.name.endswith(".draft")]


def test_half_a_version_counts_as_none(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    folder = version(shelf, "a.example", "first")
    shelf.serve("a.example", folder)
    (folder / "privkey.pem").unlink()
    assert shelf.served("a.example") is None


def test_old_versions_go_and_the_served_one_never(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    versions = [version(shelf, "a.example", str(number)) for number in range(6)]
    shelf.serve("a.example", versions[0])
    shelf.prune("a.example")
    left = sorted((tmp_path / "versions/a.example").iterdir())
    assert left == [versions[0], *versions[-(KEPT - 1) :]]


def test_keys_are_in_folders_that_root_alone_may_enter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "acme")
    folder = version(shelf, "a.example", "first")
    for path in (tmp_path / "acme", tmp_path / "acme/live", tmp_path / "acme/versions", folder):
        assert path.stat().st_mode & 0o777 == 0o700
