"""Asking and telling systemd."""

from __future__ import annotations

from pathlib import Path

from hostctl.report import LINES, tail
from hostctl.run import run

LOG_TAIL = 64 * 1024
"""Bytes read from the end of a log file for an error message."""


def properties(unit: str) -> dict[str, str]:
    """``LoadState``, ``ActiveState``, ``SubState`` and ``UnitFileState`` of a unit."""
    shown = run(
        ["systemctl", "show", "--property=LoadState,ActiveState,SubState,UnitFileState,NRestarts", unit]
    )
    return dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)


def last_words(unit: str, log: str | None = None) -> str:
    """The last lines of a unit's journal and of its log file, for an error message."""
    journal = run(
        ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--lines={LINES}", f"--unit={unit}"],
        check=False,
        timeout=20,
    ).stdout
    file = file_tail(Path(log)) if log else ""
    return "\n".join(part for part in (tail(journal, 8), tail(file, 12)) if part)


def file_tail(path: Path) -> str:
    """The end of a log file; nothing if it is not there."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - LOG_TAIL))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""
