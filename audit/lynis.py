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
SKIPPED = {
    "USB-3000": "servers of a provider have no port that somebody plugs into; usb-storage is not loaded",
}
"""Tests that Lynis leaves out (``skip-test`` of its profile), and why: they are about hosts of another kind."""

WAIVED = {
    "AUTH-9230": "nobody has a password",
    "AUTH-9262": "nobody has a password",
    "AUTH-9282": "nobody has a password",
    "AUTH-9286": "nobody has a password",
    "AUTH-9328": "units have UMask=; login.defs is a package's file, and an edited one keeps upgrades waiting",
    "ACCT-9622": "the journal and sshd's log say who did what; each process would be one more line",
    "ACCT-9626": "as process accounting",
    "ACCT-9628": "auditd would write each execve of every deployment",
    "BOOT-5122": "whoever has the provider's console has the disk as well",
    "BOOT-5264": "services, NGINX, PostgreSQL, RabbitMQ, fail2ban are closed in; others are Debian's",
    "DEB-0280": "there are no temporary folders of users: services have PrivateTmp",
    "DEB-0810": "upgrades are those of security alone, which wait for nobody",
    "DEB-0811": "as above",
    "DEB-0831": "services that run on what was upgraded are restarted by the reboot in its window",
    "DEB-0880": "our settings are in jail.d; jail.local is for other people's",
    "FILE-6310": "a server is taken as it comes; journal, logs and backups have limits of their own",
    "FINT-4350": "hostctl observe compares what was applied with what is there; dpkg --verify the packages",
    "HRDN-7230": "nobody uploads files that somebody else runs",
    "KRNL-5788": "a test host has no kernel of its own",
    "KRNL-6000": "nftables loads modules when it needs them; what can't be taken back is left out",
    "LOGG-2154": "where to is for people to choose; alerts tell of what fails",
    "NAME-4028": "a domain of its own is the provider's affair",
    "PKGS-7370": "dpkg --verify does it, without a package",
    "PKGS-7394": "unattended-upgrades",
    "SSH-7408": "people reach databases by forwarding; more sessions and keys are in use than Lynis gives",
    "TOOL-5002": "this program is one",
}
"""Notes that are accepted, and why; they lower the index all the same."""

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
        remarks=[
            *(_remark(number, text) for number, text in (*warnings, *suggestions)),
            *(f"skipped: {number}: {reason}" for number, reason in SKIPPED.items()),
        ],
    )


def _remark(number: str, text: str) -> str:
    reason = WAIVED.get(number)
    return f"waived: {number}: {text}: {reason}" if reason else f"{number}: {text}"


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
    skip = "".join(f"echo skip-test={number} >>default.prf && " for number in SKIPPED)
    command = (
        f"mkdir -p {FOLDER} && tar -x -C {FOLDER} && cd {FOLDER}/usr/share/lynis && "
        f"cp {FOLDER}/etc/lynis/default.prf . && rm -f /run/lynis.pid && {skip} "
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
