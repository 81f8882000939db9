"""Which paths on the host belong to this program, and what becomes of those that lie among them and do not.

Somebody else's file in a folder that a unit owns, or a drop-in that changes one of its services, is moved to
``/var/lib/dhanman/set-aside`` under its own path: it no longer works, and nothing of it is lost.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from hostctl import store
from hostctl.report import progress

_claimed: set[str] = set()
_known: set[str] | None = None


def claim(thing_ids: Iterable[str]) -> None:
    """From now on these things count as ours: the running transaction wants them."""
    _claimed.update(thing_ids)


@contextlib.contextmanager
def known_once() -> Iterator[None]:
    """Inside, what belongs to units is read once for all folders; only for what changes nothing meanwhile."""
    global _known  # noqa: PLW0603 (one reading for every unit of the host)
    _known = _read()
    try:
        yield
    finally:
        _known = None


def owned() -> set[str]:
    """The paths of all things of all units, those of the running transaction included."""
    return _read() if _known is None else _known


def _read() -> set[str]:
    memory = store.Store()
    ids = set(_claimed)
    for unit in memory.units():
        things = memory.things(unit)
        ids |= {entry["id"] for entry in things}
        ids |= {f"path:{path}" for entry in things for path in entry.get("paths", ())}
    for unit in memory.interrupted():
        ids |= {entry["id"] for entry in (memory.journal(unit) or {"entries": []})["entries"]}
    return {path for _, _, path in (i.partition(":") for i in ids) if path.startswith("/")}


def _place(path: Path) -> Path:
    return store.ROOT / "set-aside" / str(path).lstrip("/")


def set_aside(path: Path) -> None:
    """Move a file, link or folder out of the way; a second one of the same path gets a number."""
    wanted = place = _place(path)
    number = 0
    while os.path.lexists(place) and not _same(path, place):
        number += 1
        # as cp --backup=numbered: no other file of the same folder is likely to have this name
        place = wanted.with_name(f"{wanted.name}.~{number}~")
    # a folder that others could enter would open what its former one kept closed
    (store.ROOT / "set-aside").mkdir(mode=0o700, parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, place)
    progress(f"  {path}: set aside as {place}")


def _same(one: Path, other: Path) -> bool:
    plain = all(p.is_file() and not p.is_symlink() for p in (one, other))
    return plain and filecmp.cmp(one, other, shallow=False)


def put_back(path: Path) -> None:
    """Bring back what was set aside last, where nothing has taken its place."""
    place = _place(path)
    numbered = re.compile(re.escape(place.name) + r"(\.~\d+~)?")
    found = [p for p in place.parent.glob("*") if numbered.fullmatch(p.name)]
    if found and not os.path.lexists(path) and path.parent.is_dir():
        # a rename is the last change of all of them
        shutil.move(max(found, key=lambda p: p.lstat().st_ctime_ns), path)
