"""Asking and telling the PostgreSQL server, as its own superuser over its Unix socket."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hostctl.errors import HostError
from hostctl.run import ENVIRONMENT, run

CLIENT = Path("/usr/bin/psql")
COMMAND = (
    "runuser", "--user", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
    "--dbname=postgres",
)  # fmt: skip
ANSWER_LIMIT = 30.0
"""Seconds that a shared process has for one answer."""


def literal(text: str) -> str:
    """A string constant (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def is_installed() -> bool:
    """Whether there is a client at all; without one there is no server to ask."""
    return CLIENT.exists()


class _Broken(Exception):
    """The shared process ended or hangs; nothing is known of the answer."""


class _Process:
    """One psql that answers query after query: to start it takes ten times as long as to ask."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, f"--port={port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        # no answer can hold what nobody knows
        self._mark = f"end-{os.urandom(16).hex()}".encode()

    def ask(self, sql: str) -> str | None:
        """What the query returns; None if the server refuses it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{sql}\n\\echo {self._mark.decode()} :ERROR\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise _Broken from None
        answer, _, status = self._read().rpartition(self._mark)
        return None if status.strip() != b"false" else answer.decode()

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        until, received = time.monotonic() + ANSWER_LIMIT, b""
        while not (self._mark in received and received.endswith(b"\n")):
            left = max(0.0, until - time.monotonic())
            ready, _, _ = select.select([self._process.stdout], [], [], left)
            part = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            if not part:
                raise _Broken
            received += part
        return received

    def end(self) -> None:
        """End it: its input is closed, and it does not linger."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


_shared: ContextVar[dict[int, _Process] | None] = ContextVar("shared", default=None)


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Within it, all queries to a port share one psql. One that ends or hangs is replaced by a call of its own."""
    if _shared.get() is not None:
        yield
        return
    processes: dict[int, _Process] = {}
    token = _shared.set(processes)
    try:
        yield
    finally:
        _shared.reset(token)
        for process in processes.values():
            process.end()


def _ask_shared(processes: dict[int, _Process], port: int, sql: str) -> str | None:
    try:
        if port not in processes:
            processes[port] = _Process(port)
        return processes[port].ask(sql)
    except (_Broken, OSError):
        if process := processes.pop(port, None):
            process.end()
        return _psql(port, sql, check=False)


def _psql(port: int, sql: str, *, check: bool) -> str | None:
    # the text goes through stdin: an argument would show in the process list
    argv = [*COMMAND, "--set=ON_ERROR_STOP=1", f"--port={port}"]
    done = run(argv, stdin=sql, check=False, timeout=120)
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
    """The JSON value that the query (one statement with its semicolon) returns; None while the server is not there."""
    processes = _shared.get()
    answer = _psql(port, sql, check=False) if processes is None else _ask_shared(processes, port, sql)
    if answer is None:
        return None
    return json.loads(answer) if answer.strip() else {}


def execute(port: int, *statements: str) -> None:
    """Run statements one after the other (``CREATE DATABASE`` takes no transaction)."""
    _psql(port, ";\n".join(statements) + ";\n", check=True)
