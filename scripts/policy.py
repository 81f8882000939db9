"""`make policy STACK=name`: holds the stack's preview against the rules in policies/; nothing is changed.

0 if all rules are kept, 1 if one is broken, 2 if there was nothing to judge.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolchain.paths import CLONE, Clone

PACK = CLONE / "policies" / "pack" / "__main__.py"
REPORT = "DHANMAN_POLICY_REPORT"
_TAIL_LINES = 40


def environment(report: Path) -> dict[str, str]:
    """What the preview runs with. What is on the hosts is no matter of the rules, so no host is asked."""
    return os.environ | {REPORT: str(report), "DHANMAN_OBSERVE": "no"}


def verdict(stack: str, report: Mapping[str, Any]) -> tuple[list[str], int]:
    """The lines that people read, and the exit status."""
    broken = report["broken"]
    lines = [f"error: {rule}: {text}" for rule, text in broken]
    if report["unseen"]:
        lines.append(f"warning: not known yet, so not looked into: {', '.join(report['unseen'])}")
    if broken:
        rules = f"{len({rule for rule, _ in broken})} of {report['rules']} rules"
        lines.append(f"{stack}: {len(broken)} breaches of {rules}, in {report['resources']} resources")
        return lines, 1
    lines.append(f"{stack}: {report['resources']} resources keep {report['rules']} rules")
    return lines, 0


def main() -> int:
    """Preview with the policy pack, read its report, print it."""
    stack = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [str(Clone(root=CLONE).launcher), "preview", "--stack", stack, "--non-interactive", "--suppress-outputs",
             "--policy-pack", str(PACK)],
            env=environment(report), cwd=CLONE, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            words = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-_TAIL_LINES:])
            print(f"{words}\nmake policy: the preview failed, see above", file=sys.stderr)
            return 2
        lines, status = verdict(stack, json.loads(report.read_text(encoding="utf-8")))
    for line in lines[:-1]:
        print(line, file=sys.stderr)
    print(lines[-1])
    if not status and done.returncode:
        print(f"{done.stdout}\n{done.stderr}\nmake policy: the preview failed, see above", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
