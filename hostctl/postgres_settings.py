"""Which changed lines of ``postgresql.conf`` a running server takes only at its next start."""

from __future__ import annotations

import re
from typing import Any

from hostctl.psql import literal, query
from hostctl.run import run
from hostctl.systemd import properties

_LINE = re.compile(r"^\s*([A-Za-z_][\w.]*)(?:\s*=\s*|\s+)('(?:[^']|'')*'|[^#\s='][^#\s]*)")
_NUMBER = re.compile(r"^(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)$")
_UNITS = {
    "B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "8kB": 2**13,
    "us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
}  # fmt: skip
_BOOLEANS = {"on": "on", "true": "on", "yes": "on", "off": "off", "false": "off", "no": "off"}


def settings(text: str) -> dict[str, str]:
    """The settings of a configuration file; of several lines for one name the last one counts."""
    found = (_LINE.match(line) for line in text.splitlines())
    return {m[1].lower(): _plain(m[2]) for m in found if m}


def _plain(value: str) -> str:
    return value[1:-1].replace("''", "'") if value.startswith("'") else value


def same_value(current: str, wanted: str, unit: str | None) -> bool:
    """Whether the server's own words and those of a file mean one value; ``unit``: that of a bare number."""
    return _meaning(current, unit) == _meaning(wanted, unit)


def _meaning(value: str, unit: str | None) -> str | float:
    number = _NUMBER.match(value)
    if number and (number[2] or unit or "") in ("", *_UNITS):
        return float(number[1]) * _UNITS.get(number[2] or unit or "", 1)
    return _BOOLEANS.get(value.lower(), value)


def waiting_for_restart(cluster: str, changes: list[tuple[str, str]]) -> list[str]:
    """Names of the settings that differ between the pairs of texts and that the running server can't just reload."""
    changed: dict[str, str | None] = {}
    for old, new in changes:
        before, after = settings(old), settings(new)
        changed |= {name: after.get(name) for name in before | after if before.get(name) != after.get(name)}
    version, name = cluster.split("/")
    if not changed or properties(f"postgresql@{version}-{name}.service")["ActiveState"] != "active":
        return []
    port = run(["pg_conftool", "--short", version, name, "show", "port"], check=False).stdout.strip()
    names = ", ".join(literal(n) for n in changed)
    rows: Any = query(
        int(port or 5432),
        "SELECT json_build_object('rows', coalesce(json_agg(json_build_object('name', name, 'unit', unit,"
        " 'value', current_setting(name), 'default', boot_val)), '[]'::json))"
        f" FROM pg_settings WHERE context = 'postmaster' AND name IN ({names});",
    )

    def waits(row: dict[str, str]) -> bool:
        wanted = changed[row["name"]]
        return not same_value(row["value"], row["default"] if wanted is None else wanted, row["unit"])

    return sorted(row["name"] for row in (rows or {"rows": []})["rows"] if waits(row))
