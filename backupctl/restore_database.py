"""One database from a dump. The one that is there keeps serving until the restored one is complete, and is kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from backupctl import dumps
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.postgres import Server, identifier, literal
from backupctl.services import stopped
from backupctl.tools import as_postgres, run, say

BEFORE = "-before-"
"""In the name of what a restore put aside: the name, this, and when."""


def stamp() -> str:
    """Now, as it stands in names."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def restore(config: Config, database: str, wanted: Path | None) -> None:
    """Load a dump beside the database, then exchange the two while the database's service is stopped."""
    start = time.monotonic()
    server = Server(port=config.port)
    dump = dumps.choose(config, database, wanted)
    fresh = f"{database}-restoring"
    say(f"loading {dump.name} beside {database}, which goes on serving")
    load(server, database, fresh, "--exit-on-error", str(dump))
    run(*as_postgres("vacuumdb", "--analyze-only", "--quiet", *server.words(fresh)))
    kept = f"{database}{BEFORE}{stamp()}"
    _exchange(config, server, database, fresh, kept)
    say(f"{database} is as of {dumps.taken(dump) or dump.name}; it took {time.monotonic() - start:.0f} s")
    say(f"kept: {kept}")
    say(f"next: look at it; then `dhanman-restore drop {kept}`, or `dhanman-restore undo {database}`")


def load(server: Server, database: str, fresh: str, *options: str) -> None:
    """Make the database ``fresh`` with the owner of ``database`` and fill it by ``pg_restore``; nothing is left of a
    failed one.
    """
    step = f"nothing was changed in {database}; correct the cause, or take another dump"
    with made(server, database, fresh):
        run(*as_postgres("pg_restore", *server.words(fresh), *options), next_step=step)


@contextlib.contextmanager
def made(server: Server, database: str, fresh: str) -> Iterator[None]:
    """Make the empty database ``fresh`` with the owner of ``database``; if what follows fails it is dropped again."""
    drop(server, fresh)
    owner = server.ask(
        f"SELECT to_json((SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {literal(database)}))"
    )
    if owner is None:
        raise Failure(
            f"no database {database} on the server", "pulumi up makes it, empty; then restore again"
        )
    try:
        server.tell(
            f"CREATE DATABASE {identifier(fresh)} OWNER {identifier(owner)} ENCODING 'UTF8' TEMPLATE template0"
        )
        server.tell(f"REVOKE CONNECT, TEMPORARY ON DATABASE {identifier(fresh)} FROM PUBLIC")
        yield
    except BaseException:
        drop(server, fresh)
        raise


def drop(server: Server, database: str) -> None:
    """Drop a database and end its connections, if it is there."""
    server.tell(f"DROP DATABASE IF EXISTS {identifier(database)} WITH (FORCE)")


def undo(config: Config, database: str) -> None:
    """Exchange a database with the newest one that a restore put aside."""
    server = Server(port=config.port)
    found = [name for name in put_aside(server) if name.startswith(f"{database}{BEFORE}")]
    if not found:
        raise Failure(f"nothing was put aside for {database}", "dhanman-restore list")
    kept = f"{database}{BEFORE}{stamp()}"
    _exchange(config, server, database, found[-1], kept)
    say(f"{database} is what was {found[-1]}; kept: {kept}")


def put_aside(server: Server) -> list[str]:
    """Databases that restores put aside, the oldest first."""
    pattern = literal(f"%{BEFORE}%")
    found: list[str] = server.ask(
        f"SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database WHERE datname LIKE {pattern}"
    )
    return found


def _exchange(config: Config, server: Server, database: str, fresh: str, kept: str) -> None:
    with stopped([config.databases[database]]):
        exchange(server, database, fresh, kept)


def exchange(server: Server, database: str, fresh: str, kept: str) -> None:
    """``fresh`` gets the name of ``database``, which becomes ``kept``; nobody uses it meanwhile."""
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN"
        f" ({literal(database)}, {literal(fresh)}) AND pid <> pg_backend_pid()"
    )
    # nobody comes in between, and a failure leaves both names as they were
    server.tell(
        f"ALTER DATABASE {identifier(database)} ALLOW_CONNECTIONS false;\n{end};\n"
        f"BEGIN;\nALTER DATABASE {identifier(database)} RENAME TO {identifier(kept)};\n"
        f"ALTER DATABASE {identifier(fresh)} RENAME TO {identifier(database)};\n"
        f"ALTER DATABASE {identifier(database)} ALLOW_CONNECTIONS true;\nCOMMIT;"
    )
    server.tell(f"ALTER DATABASE {identifier(kept)} ALLOW_CONNECTIONS true")
