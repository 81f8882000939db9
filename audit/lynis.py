"""The whole host by Lynis, run from a folder that is removed afterwards; nothing is installed.

Source: https://cisofy.com/lynis/
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import testbed
from audit.verdict import Verdict

AIM = 80
FOLDER = "/run/dhanman-audit"
LIMIT = 900
_PATHS = f"--plugin-dir {FOLDER}/etc/lynis/plugins --logfile {FOLDER}/log --report-file {FOLDER}/report"


def verdict(report: str) -> Verdict:
    """From ``lynis-report.dat``. Raises ``ValueError`` if it has no index."""
    index = re.search(r"^hardening_index=(\d+)$", report, re.MULTILINE)
    if index is None:
        raise ValueError("Lynis did not come to an end")
    warnings = re.findall(r"^warning\[\]=([^|]+)\|([^|]*)", report, re.MULTILINE)
    suggestions = re.findall(r"^suggestion\[\]=([^|]+)\|([^|]*)", report, re.MULTILINE)
    return Verdict(
        auditor="Lynis",
        subject="host",
        aim=f"{AIM} at least",
        found=f"{index[1]} ({len(warnings)} warnings, {len(suggestions)} suggestions)",
        passed=int(index[1]) >= AIM,
        remarks=[f"{number}: {text}" for number, text in (*warnings, *suggestions)],
    )


def program() -> bytes:
    """The package's files as a tar archive, from this machine's package source.

    Raises ``subprocess.CalledProcessError`` where apt can't fetch it.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["apt-get", "download", "--quiet=2", "lynis"], cwd=folder, check=True, capture_output=True
        )
        (package,) = Path(folder).glob("*.deb")
        return subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", package.name], cwd=folder, check=True, capture_output=True
        ).stdout


def audit(host: testbed.Host, archive: bytes) -> Verdict:
    """Run it on the host. ``archive``: see :func:`program`."""
    command = (
        f"mkdir -p {FOLDER} && tar -x -C {FOLDER} && cd {FOLDER}/usr/share/lynis && "
        f"cp {FOLDER}/etc/lynis/default.prf . && rm -f /run/lynis.pid && "
        f"({FOLDER}/usr/sbin/lynis audit system --quick --quiet --no-colors --profile default.prf {_PATHS} "
        f">{FOLDER}/said 2>&1 || true); cat {FOLDER}/report"
    )
    try:
        done = subprocess.run(
            [*host.ssh_command(), command], input=archive, capture_output=True, check=True, timeout=LIMIT
        )
        return verdict(done.stdout.decode(errors="replace"))
    finally:
        host.run(f"rm -rf {FOLDER}")
