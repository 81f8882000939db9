"""Comparing the tables of a restored database with those that live on meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backupctl.postgres import Server

_TABLES = """SELECT coalesce(json_agg(json_build_array(
        format('%I.%I', n.nspname, c.relname),
        coalesce(pg_stat_get_tuples_inserted(c.oid), 0) + coalesce(pg_stat_get_tuples_deleted(c.oid), 0))
    ORDER BY 1), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND n.nspname !~ '^(pg_|information_schema)'"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """``rows``: how many there are. ``changes``: how many were inserted and deleted since the statistics began."""

    rows: int
    changes: int


def tables(server: Server, database: str) -> dict[str, Table]:
    """Every table of a database with its rows."""
    changes: dict[str, int] = dict(server.ask(_TABLES, database))
    if not changes:
        return {}
    rows = ", ".join(f"($n${name}$n$, (SELECT count(*) FROM {name}))" for name in changes)
    counted: dict[str, Any] = server.ask(
        f"SELECT json_object_agg(name, number) FROM (VALUES {rows}) AS counted (name, number)", database
    )
    return {name: Table(rows=counted[name], changes=changes[name]) for name in changes}


def differences(before: dict[str, Table], restored: dict[str, int], after: dict[str, Table]) -> list[str]:
    """Tables whose restored number of rows can't be right.

    ``before`` and ``after``: the live database before and after the moment that was restored. Where nothing was
    inserted or deleted in between the numbers must be equal; else the restored one lies within what was changed.
    A table that was made or dropped in between may be there or not.
    """
    found = []
    for name in sorted(before.keys() & after.keys()):
        slack = max(0, after[name].changes - before[name].changes)
        low = min(before[name].rows, after[name].rows) - slack
        high = max(before[name].rows, after[name].rows) + slack
        if name not in restored:
            found.append(f"{name} is missing")
        elif not low <= restored[name] <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            found.append(f"{name} has {restored[name]} rows instead of {expected}")
    extra = sorted(restored.keys() - before.keys() - after.keys())
    return found + [f"{name} is too many" for name in extra]
