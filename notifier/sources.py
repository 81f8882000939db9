"""What is looked at: a JSON file for each thing that may fail, left by the unit that is responsible for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Source:
    """One thing that may fail. ``title``: how people call it; ``next_step``: what they do when it fails.

    ``units``: systemd units that do its work; one that fails, or can't even start, is a problem. ``timers``: which must
    run. ``report``: a JSON file with ``result``, ``problems`` and ``at`` that the work leaves. ``max_age`` (seconds):
    how old it may be. ``schedule``: a systemd calendar; work that has not succeeded since it was due is late.
    """

    name: str
    title: str
    next_step: str
    units: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    report: Path | None = None
    max_age: float | None = None
    schedule: str | None = None


def load(folder: Path) -> tuple[list[Source], list[str]]:
    """The sources in the folder by name, and the files that are none."""
    found, wrong = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            raw: dict[str, Any] = json.loads(path.read_text())
            raw |= {key: tuple(raw.get(key, ())) for key in ("units", "timers")}
            raw["report"] = Path(raw["report"]) if raw.get("report") else None
            found.append(Source(**raw))
        except (OSError, ValueError, TypeError) as error:
            wrong.append(f"{path}: {type(error).__name__}: it is no source")
    return found, wrong
