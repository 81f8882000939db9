"""How many SSH connections and channels a command took, as the host's sshd counted them.

With ``LogLevel VERBOSE`` OpenSSH logs ``Accepted publickey for ...`` for each login and ``Starting session: ...`` for
each shell, command or subsystem that a connection asks for (sshd_config(5); session.c, do_exec).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import testbed

_ACCEPTED = re.compile(r"Accepted \S+ for ")
_SESSION = re.compile(r"Starting session: (?:shell|command|forced-command|subsystem)\b")


@dataclass(frozen=True, kw_only=True)
class SshCount:
    """Logins, and the shells, commands and subsystems that were asked for over them."""

    connections: int
    channels: int


def count(journal: str) -> SshCount:
    """Count in the messages of sshd, one on each line."""
    lines = journal.splitlines()
    return SshCount(
        connections=sum(1 for line in lines if _ACCEPTED.match(line)),
        channels=sum(1 for line in lines if _SESSION.match(line)),
    )


def now(host: testbed.Host) -> str:
    """The host's own time as its journal takes it; asked without SSH, so that it is not counted."""
    return "@" + host.exec("date +%s.%6N").stdout.strip()


def count_since(host: testbed.Host, moment: str) -> SshCount:
    """What sshd has logged on the host since ``moment``."""
    names = ("sshd", "sshd-session", "sshd-auth")
    identifiers = [f"SYSLOG_IDENTIFIER={name}" for name in names]
    command = ["journalctl", "--quiet", "--output=cat", f"--since={moment}", *identifiers]
    host.exec(["journalctl", "--sync"])
    return count(host.exec(command).stdout)
