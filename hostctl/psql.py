"""Asking and telling the PostgreSQL server, as its own superuser over its Unix socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostctl.errors import HostError
from hostctl.run import run

CLIENT = Path("/usr/bin/psql")


def literal(text: str) -> str:
    """A string constant (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def is_installed() -> bool:
    """Whether there is a client at all; without one there is no server to ask."""
    return CLIENT.exists()


def _psql(port: int, sql: str, *, check: bool) -> str | None:
    # the text goes through stdin: an argument would show in the process list
    done = run(
        ["runuser", "--user", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
         "--set=ON_ERROR_STOP=1", f"--port={port}", "--dbname=postgres"],
        stdin=sql,
        check=False,
        timeout=120,
    )  # fmt: skip
    if done.returncode == 0:
        return done.stdout
    if check:
        # psql repeats the statement under the message: only the message is safe to show
        words = [
            line for line in done.stderr.splitlines() if "ERROR" in line or "error" in line or "FATAL" in line
        ]
        raise HostError(
            "PostgreSQL refused a statement",
            details="\n".join(f"    {w}" for w in words[:5]),
            hint="on the host: the server's log in /var/log/postgresql",
        )
    return None


def query(port: int, sql: str) -> Any:
    """The JSON value that the query returns; None while the server is not there."""
    answer = _psql(port, sql, check=False)
    if answer is None:
        return None
    return json.loads(answer) if answer.strip() else {}


def execute(port: int, *statements: str) -> None:
    """Run statements one after the other (``CREATE DATABASE`` takes no transaction)."""
    _psql(port, ";\n".join(statements) + ";\n", check=True)


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Inside, queries share one client for each port."""
    yield
