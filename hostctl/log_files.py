"""What a service writes to its log files while somebody waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hostctl.report import tail

LONGEST = 64 * 1024
"""Bytes read from the end of a file for an error message."""
LINES = 12


class LogFiles:
    """Log files from now on: what is in them already is of older failures. ``whole``: that counts as well."""

    def __init__(self, paths: Iterable[str] = (), *, whole: bool = False) -> None:
        self._starts = {path: 0 if whole else _size(path) for path in paths}

    def words(self) -> str:
        """The last lines of each, for an error message; empty where nothing was written."""
        said = ((path, tail(_end(Path(path), start), LINES)) for path, start in self._starts.items())
        return "\n".join(f"    last lines of {path}:\n{words}" for path, words in said if words)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _end(path: Path, start: int) -> str:
    """What a file has from ``start``; all of it if it was emptied meanwhile, nothing if it is not there."""
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            stream.seek(max(start if start <= size else 0, size - LONGEST))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""
