"""sshd by ssh-audit: no algorithm that it calls a failure, and none beyond our own policy.

Source: https://github.com/jtesta/ssh-audit
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import testbed
from audit.verdict import Verdict

LIMIT = 120
WAIVED = {
    "curve25519-sha256": "Pulumi connects by Go's SSH client, of which only newer versions know others",
    "curve25519-sha256@libssh.org": "the same exchange by its older name",
}
"""Algorithms whose warning is accepted, and why."""

FORGIVEN = 120
"""Seconds after which sshd lets in again whom it closed out; its penalty for ssh-audit's connections is 16."""

_KINDS = ("kex", "key", "enc", "mac")


def verdict(report: dict[str, Any]) -> Verdict:
    """From ssh-audit's JSON."""
    failures = list(_notes(report, "fail"))
    warnings = [(name, text) for name, text in _notes(report, "warn") if name not in WAIVED]
    remarks = [f"{name}: {text}" for name, text in (*failures, *warnings)]
    remarks += [f"waived: {name}: {WAIVED[name]}" for name, _ in _notes(report, "warn") if name in WAIVED]
    return Verdict(
        auditor="ssh-audit",
        subject="sshd",
        aim="0 failures, 0 warnings",
        found=f"{len(failures)} failures, {len(warnings)} warnings",
        passed=not failures and not warnings,
        remarks=remarks,
    )


def audit(tools: Path, address: str, port: int) -> Verdict:
    """Ask sshd at this address. Raises ``subprocess.SubprocessError`` or ``ValueError`` if there is no report."""
    command = [str(tools / "ssh-audit"), "--json", "--no-colors", "--port", str(port), address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    return verdict(json.loads(done.stdout))


def wait(host: testbed.Host) -> None:
    """Until sshd lets this machine in: OpenSSH 9.8 and later close out who connects often without a login
    (sshd_config(5), PerSourcePenalties), as ssh-audit does.

    Raises ``TestbedError`` if it does not within ``FORGIVEN`` seconds.
    """
    end = time.monotonic() + FORGIVEN
    while host.run("true", check=time.monotonic() > end).returncode != 0:
        time.sleep(1)


def _notes(report: dict[str, Any], level: str) -> Iterator[tuple[str, str]]:
    for kind in _KINDS:
        for algorithm in report[kind]:
            for text in algorithm.get("notes", {}).get(level, ()):
                yield algorithm["algorithm"], text
