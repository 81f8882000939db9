"""The measurements as JSON, with what is needed to judge them later."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.cases import Sample
from bench.table import rows

VERSION = 1


def document(
    samples: Sequence[Sample], *, options: Mapping[str, Any], versions: Mapping[str, str]
) -> dict[str, Any]:
    """Everything of one run. ``options``: what was asked for. ``versions``: by tool."""
    return {
        "version": VERSION,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "load": os.getloadavg(),
        },
        "revision": _revision(),
        "options": dict(options),
        "versions": dict(versions),
        "summary": [asdict(row) for row in rows(samples)],
        "samples": [asdict(sample) for sample in samples],
    }


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a run that is broken off leaves the last whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
