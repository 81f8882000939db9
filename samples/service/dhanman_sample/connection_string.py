"""Npgsql connection strings, translated to what libpq takes.

Source: https://www.npgsql.org/doc/connection-string-parameters.html; quoting follows .NET's
DbConnectionStringBuilder (a value in ' or " may hold ; and =, its quote is doubled inside it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PAIR = re.compile(
    r"""\s*(?P<key>[^=;]+?)\s*=\s*
        (?: "(?P<double>(?:[^"]|"")*)" | '(?P<single>(?:[^']|'')*)' | (?P<plain>[^;]*?) )
        \s*(?:;|$)""",
    re.VERBOSE,
)
_ALIASES = {
    "server": "host",
    "db": "database",
    "user id": "username",
    "user name": "username",
    "userid": "username",
    "user": "username",
    "uid": "username",
    "pwd": "password",
    "psw": "password",
    "sslmode": "ssl mode",
}
_LIBPQ = {"host": "host", "port": "port", "database": "dbname", "username": "user", "password": "password"}
_SSL_MODES = {"verifyca": "verify-ca", "verifyfull": "verify-full"}


def parse(text: str) -> dict[str, str]:
    """Split a connection string into its settings, keys in lower case and by their first name.

    Raises ValueError, without a value in its text, where a piece is no ``key=value``.
    """
    settings: dict[str, str] = {}
    position = 0
    while text[position:].strip(" \t;"):
        position += len(text[position:]) - len(text[position:].lstrip(" \t;"))
        pair = _PAIR.match(text, position)
        if pair is None:
            raise ValueError(f"character {position + 1} of the connection string does not begin key=value")
        key = re.sub(r"\s+", " ", pair["key"]).casefold()
        settings[_ALIASES.get(key, key)] = _value(pair)
        position = pair.end()
    return settings


def libpq_arguments(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the keyword arguments of a PostgreSQL driver; pool settings have no meaning for one login."""
    arguments = {libpq: settings[npgsql] for npgsql, libpq in _LIBPQ.items() if settings.get(npgsql)}
    if "ssl mode" in settings:
        mode = settings["ssl mode"].casefold()
        arguments["sslmode"] = _SSL_MODES.get(mode, mode)
    return arguments


def _value(pair: re.Match[str]) -> str:
    if pair["double"] is not None:
        return pair["double"].replace('""', '"')
    if pair["single"] is not None:
        return pair["single"].replace("''", "'")
    return str(pair["plain"])
