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
from bench.figures import Edits, Figure, Part, render_edits, render_hosts, render_looking, summaries
from bench.table import render, rows

VERSION = 1


def document(
    samples: Sequence[Sample],
    *,
    options: Mapping[str, Any],
    versions: Mapping[str, str],
    figures: Sequence[Figure] = (),
    edits: Edits | None = None,
) -> dict[str, Any]:
    """Everything of one run. ``options``: what was asked for. ``versions``: by tool."""
    return circumstances(options) | {
        "versions": dict(versions),
        "summary": [asdict(row) for row in rows(samples)],
        "samples": [asdict(sample) for sample in samples],
        "figures": [asdict(figure) for figure in figures],
        "edits": None if edits is None else asdict(edits),
    }


def circumstances(options: Mapping[str, Any]) -> dict[str, Any]:
    """When, where and with what a measurement was made."""
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
    }


class Results:
    """What was measured so far in one run; each addition is written to ``target`` at once."""

    def __init__(self, *, target: Path, options: Mapping[str, Any], versions: Mapping[str, str]) -> None:
        self._target = target
        self._options = options
        self._versions = versions
        self._samples: list[Sample] = []
        self._figures: list[Figure] = []
        self._edits: Edits | None = None

    def sample(self, sample: Sample) -> None:
        """One measurement of a tool."""
        self._samples.append(sample)
        self._write()

    def figure(self, figure: Figure) -> None:
        """One run on hosts that are looked at."""
        self._figures.append(figure)
        self._write()

    def hand_edits(self, edits: Edits) -> None:
        """What came of the hand edits."""
        self._edits = edits
        self._write()

    def render(self) -> str:
        """The tables that people read; empty if nothing was measured."""
        blocks = [render(rows(self._samples))] if self._samples else []
        tables = {Part.LOOKING: render_looking, Part.HOSTS: render_hosts}
        for part, table in tables.items():
            if found := summaries(figure for figure in self._figures if figure.part is part):
                blocks.append(table(found))
        if self._edits:
            blocks.append(render_edits(self._edits))
        return "\n\n".join(blocks)

    def _write(self) -> None:
        content = document(
            self._samples,
            options=self._options,
            versions=self._versions,
            figures=self._figures,
            edits=self._edits,
        )
        write(self._target, content)


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
