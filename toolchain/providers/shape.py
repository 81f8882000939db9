"""Checks the shape of inputs: which members, of which types. Messages name members, never values."""

from __future__ import annotations

from collections.abc import Mapping

from toolchain.providers.wire import UNKNOWN, Value, is_asset, plain

STRING = "a string"
NUMBER = "a number"
INTEGER = "a whole number"
BOOLEAN = "true or false"
LIST = "a list"
STRINGS = "a list of strings"
TEXTS = "a map of strings"
OBJECT = "an object"
ASSET = "an asset or an archive"


def problems(
    properties: Mapping[str, Value],
    members: Mapping[str, str],
    required: tuple[str, ...] = (),
    path: str = "",
) -> list[str]:
    """Give one line for each member that is unknown, missing or of the wrong type."""
    at = f"{path}." if path else ""
    found = [f"{at}{name}: there is no such property" for name in sorted(properties) if name not in members]
    found += [f"{at}{name}: is required" for name in required if properties.get(name) is None]
    for name, kind in members.items():
        value = plain(properties.get(name))
        if value is not None and value != UNKNOWN and not _is(kind, value):
            found.append(f"{at}{name}: must be {kind}")
    return found


def _is(kind: str, value: Value) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        STRING: isinstance(value, str),
        NUMBER: number,
        INTEGER: number and float(value).is_integer() if number else False,
        BOOLEAN: isinstance(value, bool),
        LIST: isinstance(value, list),
        STRINGS: isinstance(value, list) and all(isinstance(member, str) for member in value),
        TEXTS: isinstance(value, dict)
        and all(isinstance(member, str | type(None)) for member in value.values()),
        OBJECT: isinstance(value, dict),
        ASSET: is_asset(value),
    }[kind]
