"""Asking and telling a PostgreSQL server, as its superuser over its Unix socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from backupctl.errors import Failure
from backupctl.tools import as_postgres, last_words, run


def literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


@dataclass(frozen=True, kw_only=True)
class Server:
    """``port`` and ``socket`` (folder; empty: the default one) of a running server."""

    port: int
    socket: str = ""

    def words(self, database: str) -> tuple[str, ...]:
        """The options that lead to a database."""
        where = ("--host", self.socket) if self.socket else ()
        return (*where, "--port", str(self.port), "--dbname", database)

    def tell(self, sql: str, database: str = "postgres", *, next_step: str = "") -> str:
        """Run statements; what they print. Raises :class:`Failure` with the server's words."""
        options = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
        # through stdin: an argument would show in the process list
        done = run(*as_postgres("psql", *options, *self.words(database)), stdin=sql, check=False)
        if done.returncode != 0:
            raise Failure(
                f"PostgreSQL ({database}) refuses or does not answer",
                next_step or "on the host: pg_lsclusters, then the server's log in /var/log/postgresql",
                last_words(done),
            )
        return done.stdout.strip()

    def ask(self, query: str, database: str = "postgres") -> Any:
        """The JSON value that a query returns."""
        return json.loads(self.tell(query, database) or "null")

    def answers(self) -> bool:
        """Whether it takes queries."""
        try:
            return self.tell("SELECT 1") == "1"
        except Failure:
            return False


HEARTBEAT = "SELECT extract(epoch FROM beat) FROM dhanman.heartbeat"
"""When the last heartbeat was committed, in seconds since the epoch."""
