"""sshd by ssh-audit: no algorithm that it calls a failure or warns of, and its policy for hardened servers.

Source: https://github.com/jtesta/ssh-audit
"""

from __future__ import annotations

import json
import re
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

DEVIATIONS = {
    "Host keys": (frozenset[str](), "an ed25519 key alone, where a host has no other, is no weaker"),
    "Key exchanges": (
        frozenset(WAIVED),
        "Pulumi connects by Go's SSH client, of which only newer versions know the others",
    ),
    "Host key (rsa-sha2-256) sizes": (
        frozenset({"3072"}),
        "Debian makes it; strong until 2030 and later, and deployments check the ed25519 key",
    ),
    "Host key (rsa-sha2-512) sizes": (frozenset({"3072"}), "as above"),
}
"""Where ssh-audit's policy is not kept: by its field, what there may be beyond it, and why. Less is too."""

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


def ask(tools: Path, address: str, port: int) -> dict[str, Any]:
    """Ask sshd at this address. Raises ``subprocess.SubprocessError`` or ``ValueError`` if there is no report."""
    command = [str(tools / "ssh-audit"), "--json", "--no-colors", "--port", str(port), address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def policy(names: str, software: str) -> str:
    """The newest policy for servers of this version, or where there is none the newest of all.

    ``names``: what ``ssh-audit --list-policies`` prints. ``software``: as sshd calls itself ("OpenSSH_10.0p2").
    Raises ``ValueError`` if there is no policy at all.
    """
    found: dict[tuple[int, int, int], str] = {
        (int(major), int(minor), int(revision)): name
        for name, major, minor, revision in re.findall(
            r'"(Hardened OpenSSH Server v(\d+)\.(\d+) \(version (\d+)\))"', names
        )
    }
    if not found:
        raise ValueError("ssh-audit lists no policy for OpenSSH servers")
    version = re.match(r"OpenSSH_(\d+)\.(\d+)", software)
    mine = [key for key in found if version and key[:2] == (int(version[1]), int(version[2]))]
    return found[max(mine or found)]


def policy_verdict(report: dict[str, Any]) -> Verdict:
    """From ssh-audit's JSON about a policy. A deviation is accepted only as ``DEVIATIONS`` has it."""
    accepted, short = [], []
    for error in report["errors"]:
        field = error["mismatched_field"]
        beyond, reason = DEVIATIONS.get(field, (frozenset(), ""))
        left = [name for name in error["actual"] if name not in beyond]
        if field in DEVIATIONS and left == [name for name in error["expected_required"] if name in left]:
            accepted.append(f"waived: {field}: {', '.join(error['actual'])}: {reason}")
        else:
            short.append(
                f"{field}: {', '.join(error['actual'])}; not {', '.join(error['expected_required'])}"
            )
    return Verdict(
        auditor="ssh-audit",
        subject=f"sshd, {report['policy']}",
        aim="kept, but for what is waived",
        found=f"{len(short)} deviations, {len(accepted)} waived",
        passed=not short,
        remarks=short + accepted,
    )


def ask_policy(tools: Path, address: str, port: int, software: str) -> Verdict:
    """Hold sshd against ssh-audit's policy for its version. Raises as :func:`ask` does."""
    program = [str(tools / "ssh-audit"), "--no-colors"]
    names = subprocess.run(
        [*program, "--list-policies"], capture_output=True, text=True, check=False, timeout=LIMIT
    ).stdout
    command = [*program, "--json", "--policy", policy(names, software), "--port", str(port), address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    return policy_verdict(json.loads(done.stdout))


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
