"""TLS by sslyze, held against Mozilla's intermediate profile.

Source: https://github.com/nabla-c0d3/sslyze; https://wiki.mozilla.org/Security/Server_Side_TLS
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from audit.verdict import Verdict

LIMIT = 120
PROFILE = "intermediate"
WAIVED = {"certificate_path_validation": "the local environment's CA is its own"}


def verdict(domain: str, said: str) -> Verdict:
    """From what sslyze prints at its end. Raises ``ValueError`` if it came to no result."""
    _, found, result = said.partition("COMPLIANCE AGAINST TLS CONFIGURATION")
    if not found or not re.search(r": (OK - Compliant|FAILED - Not compliant)", result):
        raise ValueError("sslyze came to no result")
    findings = re.findall(r"^\s+\* (\w+): (.+)$", result, re.MULTILINE)
    short = [f"{name}: {text}" for name, text in findings if name not in WAIVED]
    waived = [f"waived: {name}: {WAIVED[name]}" for name, _ in findings if name in WAIVED]
    return Verdict(
        auditor="sslyze",
        subject=domain,
        aim=f"Mozilla's {PROFILE} profile",
        found="complies" if not short else f"{len(short)} findings",
        passed=not short,
        remarks=[*short, *waived],
    )


def audit(tools: Path, address: str, domain: str) -> Verdict:
    """Ask the gateway at this address for one domain."""
    command = [str(tools / "sslyze"), f"--mozilla_config={PROFILE}", f"--sni={domain}", f"{address}:443"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    return verdict(domain, done.stdout)
