"""Reaching a host: the ssh command line with its one known host key, and the server's greeting."""

from __future__ import annotations

import socket
from pathlib import Path

from testbed.paths import Clone
from testbed.state import HostRecord

PERSON = "testbed"
"""Whoever looks after a host: what they run is run as root, also where root itself may not log in any more."""


def known_hosts_line(record: HostRecord) -> str:
    """The host's line of known_hosts (sshd(8)), with the port where it is not 22."""
    where = record.address if record.port == 22 else f"[{record.address}]:{record.port}"
    return f"{where} {record.host_key}\n"


def known_hosts_file(clone: Clone, record: HostRecord) -> Path:
    """The file that holds this host's key alone; written anew if the record says otherwise."""
    path = clone.host_dir(record.name) / "known_hosts"
    line = known_hosts_line(record)
    if not path.exists() or path.read_text() != line:
        path.write_text(line)
    return path


def command(clone: Clone, record: HostRecord, *, user: str = PERSON, terminal: bool = False) -> list[str]:
    """The ssh call up to and with the destination; it asks nothing and reads no one's configuration."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "LogLevel": "ERROR",
        "ServerAliveInterval": "15",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": f'"{known_hosts_file(clone, record)}"',
    }
    argv = ["ssh", "-F", "none", "-i", str(clone.login_key), "-p", str(record.port)]
    for key, value in options.items():
        argv += ["-o", f"{key}={value}"]
    if terminal:
        argv.append("-t")
    return [*argv, f"{user}@{record.address}"]


def greets(address: str, port: int, seconds: float = 1.0) -> bool:
    """Whether an SSH server answers with its greeting (RFC 4253, section 4.2) within the given time."""
    try:
        with socket.create_connection((address, port), timeout=seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
