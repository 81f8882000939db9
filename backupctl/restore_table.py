"""One table from a dump: beside the one that is there, or in its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from backupctl import dumps
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.postgres import Server, identifier, literal
from backupctl.restore_database import drop, load
from backupctl.tools import as_postgres, run, say


def restore(config: Config, database: str, table: str, wanted: Path | None, *, replace: bool) -> None:
    """Put the table into a schema of its own; with ``replace`` its rows then take the place of the current ones."""
    server = Server(port=config.port)
    schema, _, name = table.rpartition(".")
    schema = schema or "public"
    dump = dumps.choose(config, database, wanted)
    # a table is restored in less than the second that other names tell apart
    mark = f"{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"
    beside, scratch = f"restored_{mark}", f"{database}-table"
    if replace:
        _may_be_replaced(server, database, schema, name)
    say(f"loading {schema}.{name} from {dump.name}")
    try:
        # types and functions that the table needs come with the whole definition
        load(server, database, scratch, "--exit-on-error", "--section=pre-data", str(dump))
        rows = ("--data-only", f"--schema={schema}", f"--table={name}", "--exit-on-error", str(dump))
        run(*as_postgres("pg_restore", *server.words(scratch), *rows))
        _move(server, scratch, schema, name, beside)
        text = run(
            *as_postgres("pg_dump", *server.words(scratch), f"--schema={beside}"), next_step="try again"
        ).stdout
    finally:
        drop(server, scratch)
    server.tell(f"BEGIN;\n{text}\nCOMMIT;", database, next_step=f"nothing was changed in {database}")
    count = server.ask(f"SELECT count(*) FROM {identifier(beside)}.{identifier(name)}", database)
    say(f"{count} rows are in {beside}.{name}, beside {schema}.{name}")
    if replace:
        _replace(server, database, (schema, name), beside, f"before_{mark}")
    else:
        say(f"next: take what you need; then DROP SCHEMA {beside} CASCADE in {database}")


def _move(server: Server, scratch: str, schema: str, name: str, beside: str) -> None:
    place = f"{identifier(schema)}.{identifier(name)}"
    found = server.ask(f"SELECT to_json(to_regclass({literal(place)}) IS NOT NULL)", scratch)
    if not found:
        raise Failure(f"the dump has no table {schema}.{name}", "name it as SCHEMA.TABLE; take another dump")
    server.tell(
        f"CREATE SCHEMA {identifier(beside)};\nALTER TABLE {place} SET SCHEMA {identifier(beside)};", scratch
    )


def _may_be_replaced(server: Server, database: str, schema: str, name: str) -> None:
    place = f"to_regclass({literal(f'{identifier(schema)}.{identifier(name)}')})"
    state = server.ask(
        f"SELECT json_build_object('there', {place} IS NOT NULL, 'by', (SELECT string_agg(conrelid::regclass::text,"
        f" ', ') FROM pg_constraint WHERE contype = 'f' AND confrelid = {place} AND conrelid <> confrelid))",
        database,
    )
    if not state["there"]:
        raise Failure(f"{database} has no table {schema}.{name} to replace", "restore it without --replace")
    if state["by"]:
        raise Failure(
            f"rows of {state['by']} refer to {schema}.{name}: replacing it could delete or orphan them",
            "restore it without --replace, and merge what is missing by SQL",
        )


def _replace(server: Server, database: str, table: tuple[str, str], beside: str, before: str) -> None:
    place = ".".join(identifier(part) for part in table)
    columns = server.ask(
        "SELECT json_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute WHERE attrelid ="
        f" {literal(place)}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        database,
    )
    names = ", ".join(columns)
    restored = f"{identifier(beside)}.{identifier(table[1])}"
    # one transaction: who reads meanwhile sees the rows of before or the restored ones
    server.tell(
        f"BEGIN;\nLOCK TABLE {place};\nCREATE SCHEMA {identifier(before)};\n"
        f"CREATE TABLE {identifier(before)}.{identifier(table[1])} AS SELECT * FROM {place};\n"
        f"DELETE FROM {place};\n"
        f"INSERT INTO {place} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {restored};\n"
        f"DROP SCHEMA {identifier(beside)} CASCADE;\nCOMMIT;",
        database,
        next_step=f"nothing was replaced; the restored rows are in {beside}: merge them by SQL",
    )
    say(f"{'.'.join(table)} holds the restored rows; those of before are in {before}.{table[1]}")
    say(f"next: look at it; then DROP SCHEMA {before} CASCADE in {database}")
