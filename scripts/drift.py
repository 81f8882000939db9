"""`make drift STACK=name`: what differs on the hosts from what was applied, as a table; nothing is changed.

A difference, a host that can't be asked, and settings that were never applied all end it with status 1: a job that
runs every night needs no more than this.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.table import columns
from toolchain.paths import Clone

_TAIL_LINES = 30
_MARK = "update"
"""The one input that differs for a drift: see components/remote/host_unit.py."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference: on which host, in which unit, and what it is."""

    host: str
    unit: str
    text: str


def findings(report: Mapping[str, Any]) -> list[Finding]:
    """What the program's report of its hosts says, in the order of hosts and units."""
    found = []
    for host, seen in sorted(report.items()):
        if "unreachable" in seen:
            found.append(Finding(host=host, unit="-", text=f"not observed: {seen['unreachable']}"))
        for unit, differences in sorted(seen.get("units", {}).items()):
            found += [Finding(host=host, unit=unit, text=text) for text in differences]
    return found


def unapplied(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the resources that a run would change though nobody touched their hosts."""
    changing = [s for s in steps if s["op"] not in ("same", "read")]
    return sorted(
        s["urn"].rsplit("::", 1)[-1] for s in changing if set(s.get("diffReasons") or ()) != {_MARK}
    )


def table(found: Sequence[Finding]) -> str:
    """The findings under each other."""
    return columns([("HOST", "UNIT", "DIFFERENCE"), *((f.host, f.unit, f.text) for f in found)])


def verdict(stack: str, report: Mapping[str, Any], settings: Sequence[str]) -> tuple[str, int]:
    """What people read, and the exit status."""
    found = findings(report)
    lines = [table(found), ""] if found else []
    if settings:
        lines.append(f"Settings that were not applied yet change {len(settings)}: {', '.join(settings)}")
    if not report:
        return f"{stack}: no host was asked; pulumi preview --stack {stack} says what is missing", 1
    units = sum(len(seen.get("units", {})) for seen in report.values())
    if found or settings:
        lines.append(
            f"`make preview STACK={stack}` shows it line by line, `make up STACK={stack}` puts it right."
        )
        return "\n".join(lines), 1
    return f"{stack}: {units} units on {len(report)} hosts are as they were applied", 0


def main() -> int:
    """Preview, read the report, print it."""
    stack = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [str(Clone().launcher), "preview", "--stack", stack, "--json", "--non-interactive"],
            env=os.environ | {"DHANMAN_DRIFT_REPORT": str(report)},
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            seen = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
            steps = json.loads(done.stdout)["steps"]
        except (ValueError, KeyError):
            words = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-_TAIL_LINES:])
            print(f"{words}\nmake drift: the preview failed, see above", file=sys.stderr)
            return 1
    text, status = verdict(stack, seen, unapplied(steps))
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
