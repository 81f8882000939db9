"""What monitoring reads: one JSON file for each kind of work, and the same as metrics.

``NAME.json`` and ``NAME.prom`` (the text format of node_exporter's textfile collector) lie beside each other.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from backupctl.tools import moment, now

PREFIX = "dhanman_backup"


def write(folder: Path, name: str, report: dict[str, Any]) -> None:
    """Replace both files, each atomically. ``report`` has ``result`` and ``problems``; its time is added."""
    report = report | {"at": moment(now())}
    _replace(folder / f"{name}.json", json.dumps(report, indent=2) + "\n")
    _replace(folder / f"{name}.prom", metrics(name, report, now()))


def read(folder: Path, name: str) -> dict[str, Any]:
    """What was written last, or nothing."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def metrics(name: str, report: dict[str, Any], at: float) -> str:
    """Every number of the report as a gauge; mappings of repositories and databases become labels."""
    lines = [
        f"# HELP {PREFIX}_{name}_success 1 if the last run found nothing wrong",
        f"# TYPE {PREFIX}_{name}_success gauge",
        f"{PREFIX}_{name}_success {int(report['result'] == 'ok')}",
        f"# TYPE {PREFIX}_{name}_time_seconds gauge",
        f"{PREFIX}_{name}_time_seconds {at:.0f}",
    ]
    typed: set[str] = set()
    for metric, labels, value in _numbers(f"{PREFIX}_{name}", report, {}):
        if metric not in typed:
            typed.add(metric)
            lines.append(f"# TYPE {metric} gauge")
        text = ",".join(f'{key}="{word}"' for key, word in labels.items())
        lines.append(f"{metric}{{{text}}} {value}" if text else f"{metric} {value}")
    return "\n".join(lines) + "\n"


_LABELS = {"repositories": "repository", "databases": "database"}


def _numbers(
    prefix: str, tree: dict[str, Any], labels: dict[str, str]
) -> list[tuple[str, dict[str, str], float]]:
    found: list[tuple[str, dict[str, str], float]] = []
    for key, value in tree.items():
        if key in _LABELS:
            for word, below in value.items():
                found += _numbers(prefix, below, labels | {_LABELS[key]: word})
        elif isinstance(value, dict):
            found += _numbers(f"{prefix}_{key}", value, labels)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((f"{prefix}_{key}", labels, value))
    # the samples of one metric stand together
    return sorted(found, key=lambda row: row[0])


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
