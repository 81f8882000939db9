"""Rotating the logs of services that keep their file open, without losing a line.

systemd opens ``StandardOutput=append:`` files and the service keeps the descriptor, so a renamed file would go on
being written, and ``copytruncate`` loses what arrives between its copy and its truncation. Here the service is
frozen (cgroup v2) for the last few bytes of the copy and the truncation, some milliseconds, and always thawed.
"""

from __future__ import annotations

import contextlib
import fnmatch
import gzip
import json
import os
import shutil
import time
from pathlib import Path

from hostctl.errors import HostError
from hostctl.report import progress
from hostctl.run import run

BLOCK = 1 << 20
DAY = 86400.0
THAW_TRIES = 3


def rotate_all(directory: Path) -> str:
    """Rotate every log that a file in ``directory`` names and that is too large or holds a finished day."""
    rotated = 0
    for config in sorted(directory.glob("*.json")):
        wanted = json.loads(config.read_text())
        for name in wanted["paths"]:
            path = Path(name)
            if path.is_file() and path.stat().st_size > 0 and _is_due(path, wanted["maxBytes"], config):
                rotate(path, wanted["unit"], int(wanted["keep"]))
                rotated += 1
    return f"rotated {rotated} logs"


def _is_due(path: Path, max_bytes: int, config: Path) -> bool:
    """Too large, or a day since the last rotation; before the first one, since the log was set up."""
    newest = path.with_name(f"{path.name}.1.gz")
    since = (newest if newest.is_file() else config).stat().st_mtime
    return path.stat().st_size >= max_bytes or time.time() - since >= DAY


def rotate(path: Path, pattern: str, keep: int) -> None:
    """Move the content of ``path`` to ``path.1.gz``; older ones move up, those beyond ``keep`` go."""
    copy, whole = path.with_name(f".{path.name}.rotating"), path.with_name(f".{path.name}.rotated")
    if whole.is_file():
        # a run that was broken off: these lines are nowhere else
        _store(whole, path, keep)
    with path.open("rb") as source, copy.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target, BLOCK)
        # most of it is on the disk before the service is stopped for the rest
        target.flush()
        os.fsync(target.fileno())
        units = _running(pattern)
        try:
            for unit in units:
                run(["systemctl", "freeze", unit], timeout=10, hint="the log is as it was: run it again")
            shutil.copyfileobj(source, target, BLOCK)
            target.flush()
            os.fsync(target.fileno())
            copy.replace(whole)
            os.truncate(path, 0)
        finally:
            for unit in units:
                _thaw(unit)
    _store(whole, path, keep)
    progress(f"rotated {path}")


def _thaw(unit: str) -> None:
    """A service that stays frozen is worse than any log: tried again, and the others are thawed all the same."""
    for _ in range(THAW_TRIES):
        with contextlib.suppress(HostError):
            run(["systemctl", "thaw", unit], timeout=10)
            return
    progress(f"error: {unit} could not be thawed; on the host: systemctl thaw {unit}")


def _store(whole: Path, path: Path, keep: int) -> None:
    info = path.stat()
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}.gz")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}.gz"))
    newest = path.with_name(f"{path.name}.1.gz")
    with whole.open("rb") as source, gzip.open(newest, "wb") as target:
        shutil.copyfileobj(source, target, BLOCK)
    os.chown(newest, info.st_uid, info.st_gid)
    newest.chmod(info.st_mode & 0o640)
    whole.unlink()


def _running(pattern: str) -> list[str]:
    listing = run(
        ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", pattern], check=False
    ).stdout
    names = [line.split()[0] for line in listing.splitlines() if line.split()]
    return [n for n in names if fnmatch.fnmatch(n, pattern)]
