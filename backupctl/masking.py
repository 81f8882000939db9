"""Replacing what must not leave production: columns by their maskers, in one transaction for each database.

=========  =====================================================================================================
masker     what the column holds afterwards
=========  =====================================================================================================
`null`     NULL
`fixed`    the same value in every row
`hash`     a pseudonym: equal values stay equal, in all tables and databases of one copy, and no value can be guessed
           from it, since the salt is thrown away; for text and uuid
`email`    an address at ``example.invalid`` (RFC 2606), one for each different value; for text
`redact`   the value's shape: digits become 0, other characters x, spaces and punctuation stay; for text
=========  =====================================================================================================

NULL stays NULL with the last three.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from backupctl.config import Mask
from backupctl.errors import Failure
from backupctl.postgres import Server, identifier, literal

HASH_LENGTH = 32
"""Characters of a pseudonym, where the column takes so many."""
LEAST_HASH = 16
"""A shorter one would no longer tell different values apart."""
_ADDRESS = ("user-", "@example.invalid")
_TEXT = "S"
"""PostgreSQL's category of types that are text (its documentation, "pg_type")."""


def salt() -> str:
    """What makes the pseudonyms of one copy; never kept."""
    return secrets.token_hex(16)


def mask(server: Server, database: str, masks: Sequence[Mask], salted: str) -> None:
    """Mask the columns in one transaction. Raises :class:`Failure` with all that is wrong with the list."""
    if not masks:
        return
    columns: list[dict[str, Any] | None] = server.ask(_question(masks), database)
    wrong = [problem for m, column in zip(masks, columns, strict=True) if (problem := _problem(m, column))]
    if wrong:
        raise Failure(
            f"{database}: what is to be masked does not fit its tables",
            "correct qaFromProd.mask in the settings, then pulumi up and copy again; nothing was copied",
            "\n".join(wrong),
        )
    there = [(m, column) for m, column in zip(masks, columns, strict=True) if column]
    server.tell(
        # triggers could keep what is replaced in a table of their own, and references hold again afterwards
        "\n".join(
            ["BEGIN;", "SET LOCAL session_replication_role = replica;", *_updates(there, salted), "COMMIT;"]
        ),
        database,
        next_step="correct qaFromProd.mask in the settings; nothing was copied",
    )


def _question(masks: Sequence[Mask]) -> str:
    rows = ", ".join(
        f"({n}, {literal(m.schema)}, {literal(m.table)}, {literal(m.column)})" for n, m in enumerate(masks)
    )
    return f"""SELECT json_agg(CASE WHEN a.attname IS NULL THEN NULL ELSE json_build_object(
        'type', format_type(a.atttypid, a.atttypmod), 'category', t.typcategory, 'kind', c.relkind,
        'required', a.attnotnull OR t.typnotnull, 'generated', a.attgenerated <> '',
        'limit', CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4
                      THEN a.atttypmod - 4 END,
        'triggers', EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled = 'A')) END
    ORDER BY w.number)
FROM (VALUES {rows}) AS w (number, schema, name, part)
LEFT JOIN pg_namespace n ON n.nspname = w.schema
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.part AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid"""


def _problem(m: Mask, column: dict[str, Any] | None) -> str | None:
    """Why the column can't be masked so."""
    if column is None:
        return None if m.optional else f"{m.place}: there is no such column (optional: true allows that)"
    text, is_uuid = column["category"] == _TEXT, column["type"] == "uuid"
    limit, least = (
        column["limit"],
        {"hash": LEAST_HASH, "email": len("".join(_ADDRESS)) + LEAST_HASH}.get(m.masker, 0),
    )
    if column["kind"] not in ("r", "p"):
        return f"{m.place}: is no table's column"
    if column["generated"]:
        return f"{m.place}: is generated; mask the columns that it is made from"
    if column["triggers"]:
        return f"{m.place}: a trigger of the table fires always and could keep what is replaced"
    if m.masker == "null" and column["required"]:
        return f"{m.place}: may not be null; take fixed"
    if m.masker in ("hash", "email", "redact") and not (text or (m.masker == "hash" and is_uuid)):
        return f"{m.place}: {m.masker} is for text, this is {column['type']}; take fixed or null"
    if limit is not None and limit < least:
        return f"{m.place}: {m.masker} needs {least} characters, {column['type']} has fewer; take fixed or redact"
    return None


def _updates(there: list[tuple[Mask, dict[str, Any]]], salted: str) -> list[str]:
    def table(row: tuple[Mask, dict[str, Any]]) -> tuple[str, str]:
        return row[0].schema, row[0].table

    statements = []
    for (schema, name), rows in groupby(sorted(there, key=table), table):
        settings = ", ".join(f"{identifier(m.column)} = {expression(m, c, salted)}" for m, c in rows)
        statements.append(f"UPDATE {identifier(schema)}.{identifier(name)} SET {settings};")
    return statements


def expression(m: Mask, column: dict[str, Any], salted: str) -> str:
    """The column's new value. ``column``: ``type`` and ``limit`` (characters; None: as many as one likes)."""
    name, kind = identifier(m.column), column["type"]
    digest = f"encode(sha256(convert_to({literal(salted)} || {name}::text, 'UTF8')), 'hex')"
    if m.masker == "null":
        return "NULL"
    if m.masker == "fixed":
        return f"{literal(m.value)}::{kind}"
    if m.masker == "hash":
        length = min(HASH_LENGTH, column["limit"] or HASH_LENGTH)
        return f"left({digest}, {length})::{kind}"
    if m.masker == "email":
        # the same mailbox, however its name is written
        same = digest.replace(f"{name}::text", f"lower({name}::text)")
        before, after = (literal(part) for part in _ADDRESS)
        return f"({before} || left({same}, {LEAST_HASH}) || {after})::{kind}"
    digits = f"regexp_replace({name}::text, '[0-9]', '0', 'g')"
    # named one by one: classes and ranges depend on the database's collation
    return f"regexp_replace({digits}, '[^0 .,;:!?@()+/_-]', 'x', 'g')::{kind}"
