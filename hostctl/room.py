"""Whether a file system has room for what is about to be written, asked before the first byte is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hostctl.errors import ROOM, HostError

MIB = 1024**2
RESERVE = 500 * MIB
"""Bytes that stay free for logs, databases and everything else that writes; on a small file system a share of it."""

RESERVE_SHARE = 0.05
UNPACKED_FACTOR = 4
"""How many times an archive's size its content is taken to be, where only the size is known: gzip makes programs and
scripts three to four times smaller."""


def require(folder: Path, sizes: Sequence[int]) -> None:
    """Raise :class:`HostError` if ``folder``'s file system can't hold files of these sizes (bytes) and the reserve.

    ``folder`` need not be there yet. Inodes are asked for too, where the file system counts them.
    """
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    info = os.statvfs(there)
    block = info.f_frsize
    takes = sum(-(-size // block) * block for size in sizes)
    reserve = min(RESERVE, int(info.f_blocks * block * RESERVE_SHARE))
    free = info.f_bavail * block
    if takes + reserve > free:
        raise HostError(
            f"{folder}: not enough room: it takes {_mib(takes)} and {_mib(reserve)} must stay free, but "
            f"{_mib(free)} are free",
            hint=ROOM,
        )
    if info.f_files and len(sizes) > info.f_favail:
        raise HostError(
            f"{folder}: not enough inodes: it has {len(sizes)} files, but {info.f_favail} inodes are free",
            hint=ROOM,
        )


def _mib(size: int) -> str:
    return f"{size / MIB:.1f} MiB"
