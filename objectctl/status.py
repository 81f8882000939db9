"""What monitoring reads: ``NAME.json`` for a kind of work, and the same as metrics (node_exporter's text format)."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

PREFIX = "dhanman_objects"


def write(folder: Path, name: str, report: dict[str, Any]) -> None:
    """Replace both files of a kind of work, each atomically. ``report`` has ``result``; its time is added."""
    folder.mkdir(mode=0o755, exist_ok=True)
    now = time.time()
    report = report | {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))}
    _replace(folder / f"{name}.json", json.dumps(report, indent=2) + "\n")
    numbers = {key: value for key, value in report.items() if type(value) in (int, float)}
    numbers |= {"success": int(report["result"] == "ok"), "time_seconds": int(now)}
    lines = [
        f"# TYPE {PREFIX}_{name}_{key} gauge\n{PREFIX}_{name}_{key} {value}\n"
        for key, value in sorted(numbers.items())
    ]
    _replace(folder / f"{name}.prom", "".join(lines))


def read(folder: Path, name: str) -> dict[str, Any]:
    """What was written last, or nothing."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def _replace(path: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), 0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
