"""A cache of package archives outside the tree, so that the next host does not download them again.

Hosts never share apt's own folder, whose lock would make one fail while another downloads. A new host gets
links to what the cache has, in its own layer; what a host has downloaded is linked back later. apt checks
each archive's digest before use and fetches it again if it does not fit.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from testbed.paths import cache_dir

ARCHIVES = "var/cache/apt/archives"
_KEEP_DAYS = 30


def folder(suite: str) -> Path:
    """The cache's folder of a suite."""
    return cache_dir() / "debs" / suite


def seed(suite: str, root: Path) -> int:
    """Link each cached archive into a host's layer; return how many."""
    cached = sorted(folder(suite).glob("*.deb"))
    target = root / ARCHIVES
    if cached:
        for part in (root / "var", root / "var/cache", root / "var/cache/apt", target):
            part.mkdir(mode=0o755, exist_ok=True)
    for archive in cached:
        with contextlib.suppress(FileNotFoundError):  # another process may be dropping old ones
            link_or_copy(archive, target / archive.name)
    return len(cached)


def harvest(suite: str, root: Path) -> int:
    """Link what a host has downloaded into the cache, drop what is over a month old; return how many."""
    store = folder(suite)
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    added = 0
    # apt moves an archive here from partial/ when it is complete
    for archive in (root / ARCHIVES).glob("*.deb"):
        target = store / archive.name
        with contextlib.suppress(FileNotFoundError):
            if not target.exists() and archive.is_file() and not archive.is_symlink():
                draft = store / f"{archive.name}.{os.getpid()}.tmp"
                draft.unlink(missing_ok=True)
                link_or_copy(archive, draft)
                os.utime(draft)
                draft.rename(target)
                added += 1
    drop_old(store)
    return added


def drop_old(store: Path) -> None:
    """Remove archives that came into the cache over a month ago."""
    limit = time.time() - _KEEP_DAYS * 86400
    for archive in store.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if archive.stat().st_mtime < limit:
                archive.unlink()


def link_or_copy(source: Path, target: Path) -> None:
    """Make a hard link, or a copy where the two folders lie on different file systems."""
    if target.exists():
        return
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)
