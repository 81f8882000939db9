"""Files of former releases that browsers may still ask for, since a page of yesterday names them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hostctl.kinds.paths import make_parents, remove_tree


class AssetPool:
    """``folder`` holds a hard link to every file of the kept releases whose path matches ``pattern``.

    ``pattern``: a regular expression, searched without regard to case in the path below the release, with a leading
    ``/``, as NGINX does with a location. A hard link takes no room, and lives as long as the release it is of.

    Where two releases have different content under one name, the older one's stays in the pool until that release
    goes. Such a name is no hash, so neither content is wrong, and refusing would block a deployment because of a
    picture; the current release's own file is what is served anyway.
    """

    def __init__(self, folder: Path, pattern: str) -> None:
        self.folder = folder
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def is_filled(self, trees: Sequence[Path]) -> bool:
        """Whether every matching file of the releases is there, unchanged."""
        return not any(self._lacking(trees))

    def fill(self, trees: Sequence[Path]) -> None:
        """Link what is missing. ``trees``: the releases, the oldest first."""
        for name, file in list(self._lacking(trees)):
            place = self.folder / name
            for above in place.parents:
                if above.is_relative_to(self.folder) and above.exists() and not above.is_dir():
                    above.unlink()
            make_parents(place)
            if place.is_dir() and not place.is_symlink():
                remove_tree(place)
            beside = place.with_name(f".{place.name}.new")
            beside.unlink(missing_ok=True)
            beside.hardlink_to(file)
            beside.replace(place)

    def prune(self, trees: Sequence[Path]) -> None:
        """Drop what none of the releases has, and the pool itself with its last file."""
        kept = {(name, inode) for tree in trees for name, _, inode in self._matching(tree)}
        for folder, _, files in os.walk(self.folder, topdown=False):
            for file in (Path(folder) / name for name in files):
                if (str(file.relative_to(self.folder)), _inode(file)) not in kept:
                    file.unlink()
            if not any(Path(folder).iterdir()):
                Path(folder).rmdir()
        # a name that another release has with other content
        self.fill(trees)

    def _lacking(self, trees: Sequence[Path]) -> Iterator[tuple[str, Path]]:
        wanted: dict[str, tuple[Path, set[tuple[int, int]]]] = {}
        for tree in trees:
            for name, file, inode in self._matching(tree):
                wanted.setdefault(name, (file, set()))[1].add(inode)
        # what is a file in one release and a folder in another can only be the latter
        folders = {str(above) for name in wanted for above in Path(name).parents}
        for name, (oldest, inodes) in wanted.items():
            if name in folders:
                continue
            try:
                there = _inode(self.folder / name)
            except (FileNotFoundError, NotADirectoryError):
                there = None
            if there not in inodes:
                yield name, oldest

    def _matching(self, tree: Path) -> Iterator[tuple[str, Path, tuple[int, int]]]:
        for folder, _, files in os.walk(tree):
            for file in (Path(folder) / name for name in files):
                name = str(file.relative_to(tree))
                if self._pattern.search(f"/{name}") and not file.is_symlink():
                    yield name, file, _inode(file)


def _inode(file: Path) -> tuple[int, int]:
    info = file.lstat()
    return info.st_dev, info.st_ino
