"""A real login at the PostgreSQL server of this host, over TCP as a service makes it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hostctl.kinds.paths import write_file
from hostctl.run import run

LIMIT = 20.0
DATABASE = "postgres"
NO_RIGHT = "permission denied for database"
"""What the server says to a login that it has accepted, where nobody may use that database."""


def refusal(port: int, user: str, password: str) -> str | None:
    """Why the server at ``port`` (loopback) does not let this user in, in its own words; None if it does.

    The password travels in a file for root alone, since arguments and environments of processes can be read.
    """
    with tempfile.TemporaryDirectory(prefix="dhanman-") as folder:
        file = Path(folder) / "pgpass"
        line = ":".join(_escaped(part) for part in ("127.0.0.1", str(port), DATABASE, user, password))
        write_file(file, f"{line}\n".encode(), mode="0600", owner="root", group="root")
        where = f"host=127.0.0.1 port={port} dbname={DATABASE} user={user} passfile={file} connect_timeout=10"
        argv = ["psql", "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", f"--dbname={where}"]
        done = run(argv, stdin="SELECT 1;\n", check=False, timeout=LIMIT)
    if done.returncode == 0 or NO_RIGHT in done.stderr:
        return None
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")
