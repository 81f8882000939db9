"""What is kept between looks, and what monitoring reads: each file replaced as a whole."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MEMORY = "memory.json"
PREFIX = "dhanman_alerts"


def read(folder: Path) -> dict[str, Any]:
    """What was kept; nothing where there is nothing, or nothing that can be read."""
    try:
        found: dict[str, Any] = json.loads((folder / MEMORY).read_text())
    except (OSError, ValueError):
        return {}
    return found


def keep(folder: Path, memory: dict[str, Any]) -> None:
    """Keep it for the next look."""
    _replace(folder / MEMORY, json.dumps(memory, indent=1) + "\n", 0o600)


def publish(folder: Path, memory: dict[str, Any], wrong: list[str], now: float) -> dict[str, Any]:
    """Write ``alerts.json`` and ``alerts.prom``, which tell of the notifier itself; what is in the former."""
    troubles = memory.get("troubles", {})
    problems = [f"{name} takes no message: {found['problem']}" for name, found in troubles.items()] + wrong
    if dropped := memory.get("dropped", 0):
        problems.append(f"{dropped} messages were dropped, since too many waited")
    failing = {
        name: kept["failing_since"] for name, kept in memory["sources"].items() if "failing_since" in kept
    }
    report = {
        "result": "failed" if problems else "ok",
        "problems": problems,
        "at": _text(now),
        "waiting": len(memory.get("outbox", ())),
        "delivered": memory.get("delivered", 0),
        "failing": {name: _text(since) for name, since in failing.items()},
    }
    _replace(folder / "alerts.json", json.dumps(report, indent=2) + "\n", 0o644)
    _replace(folder / "alerts.prom", _metrics(report, memory, now), 0o644)
    return report


def _metrics(report: dict[str, Any], memory: dict[str, Any], now: float) -> str:
    values = {
        "success": int(report["result"] == "ok"),
        "time_seconds": round(now),
        "waiting": report["waiting"],
        "delivered": report["delivered"],
    }
    helped = f"# HELP {PREFIX}_success 1 if every channel takes its messages"
    lines = [helped]
    for name, value in values.items():
        lines += [f"# TYPE {PREFIX}_{name} gauge", f"{PREFIX}_{name} {value}"]
    lines.append(f"# TYPE {PREFIX}_failing gauge")
    lines += [
        f'{PREFIX}_failing{{source="{name}"}} {int("failing_since" in kept)}'
        for name, kept in memory["sources"].items()
    ]
    return "\n".join(lines) + "\n"


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _replace(path: Path, text: str, mode: int) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
