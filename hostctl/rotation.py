"""Rotating the logs of services that keep their file open, without losing a line.

systemd opens ``StandardOutput=append:`` files and the service keeps the descriptor, so a renamed file would go on
being written, and ``copytruncate`` loses what arrives between its copy and its truncation. Here the service is
frozen (cgroup v2) for the last few bytes of the copy and the truncation, some milliseconds, and always thawed.
"""

from __future__ import annotations

import fnmatch
import gzip
import json
import os
import shutil
from pathlib import Path

from hostctl.report import progress
from hostctl.run import run

BLOCK = 1 << 20


def rotate_all(directory: Path) -> str:
    """Rotate every log that a file in ``directory`` names and that is too large or holds a finished day."""
    rotated = 0
    for config in sorted(directory.glob("*.json")):
        wanted = json.loads(config.read_text())
        for name in wanted["paths"]:
            path = Path(name)
            if path.is_file() and path.stat().st_size > 0 and _is_due(path, int(wanted["maxBytes"])):
                rotate(path, wanted["unit"], int(wanted["keep"]))
                rotated += 1
    return f"rotated {rotated} logs"


def _is_due(path: Path, max_bytes: int) -> bool:
    newest = path.with_name(f"{path.name}.1.gz")
    a_day_old = newest.is_file() and path.stat().st_mtime - newest.stat().st_mtime > 86400
    first = not newest.is_file() and path.stat().st_mtime - path.stat().st_ctime > 86400
    return path.stat().st_size >= max_bytes or a_day_old or first


def rotate(path: Path, pattern: str, keep: int) -> None:
    """Move the content of ``path`` to ``path.1.gz``; older ones move up, those beyond ``keep`` go."""
    copy, whole = path.with_name(f".{path.name}.rotating"), path.with_name(f".{path.name}.rotated")
    if whole.is_file():
        # a run that was broken off: these lines are nowhere else
        _store(whole, path, keep)
    with path.open("rb") as source, copy.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target, BLOCK)
        units = _running(pattern)
        try:
            for unit in units:
                run(["systemctl", "freeze", unit], timeout=10, check=False)
            shutil.copyfileobj(source, target, BLOCK)
            target.flush()
            os.fsync(target.fileno())
            copy.replace(whole)
            os.truncate(path, 0)
        finally:
            for unit in units:
                run(["systemctl", "thaw", unit], timeout=10, check=False)
    _store(whole, path, keep)
    progress(f"rotated {path}")


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
