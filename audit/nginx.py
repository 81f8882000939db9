"""NGINX's whole configuration by gixy-ng.

Source: https://github.com/dvershinin/gixy
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.verdict import Verdict

LIMIT = 120
WAIVED = {
    "worker_rlimit_nofile_vs_connections": "the unit's LimitNOFILE is the limit; a directive of ours would collide "
    "with one in the nginx.conf of a server that was set up by hand",
    "try_files_is_evil_too": "a cache of open files would serve the former front end after its link was switched",
}


def verdict(issues: Sequence[dict[str, Any]]) -> Verdict:
    """From gixy's JSON."""
    bad = [issue for issue in issues if issue["severity"] in ("HIGH", "MEDIUM")]
    short = [issue for issue in bad if issue["plugin"] not in WAIVED]
    counts = {level: sum(issue["severity"] == level for issue in short) for level in ("HIGH", "MEDIUM")}
    remarks = [f"{issue['plugin']}: {issue['reason'] or issue['summary']}" for issue in short]
    remarks += [
        f"waived: {name}: {WAIVED[name]}" for name in sorted({i["plugin"] for i in bad}) if name in WAIVED
    ]
    return Verdict(
        auditor="gixy-ng",
        subject="nginx.conf and all it includes",
        aim="0 high, 0 medium",
        found=f"{counts['HIGH']} high, {counts['MEDIUM']} medium",
        passed=not short,
        remarks=remarks,
    )


def audit(tools: Path, configuration: str) -> Verdict:
    """``configuration``: what ``nginx -T`` prints."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(configuration)
        file.flush()
        command = [str(tools / "gixy"), "--format", "json", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    return verdict(json.loads(done.stdout))
