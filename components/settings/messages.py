"""pydantic's errors as one plain line each, with the value only where it can't be a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from components.settings.problems import Path

SECRET_NAMES = frozenset(
    {
        "privateKey",
        "key",
        "passphrase",
        "secrets",
        "apiToken",
        "keyId",
        "settings",
        "environmentSecrets",
        "webhookUrl",
        "password",
    }
)
"""Keys below which no value is ever shown."""

_SHOWN = 60

_TEXTS = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
}


def is_secret(path: Path, secret_paths: Collection[Path]) -> bool:
    """Whether the value at ``path`` may be one, by its name or by what Pulumi says of it."""
    if any(part in SECRET_NAMES for part in path):
        return True
    return any(path[: len(secret)] == secret for secret in secret_paths)


def show(value: Any) -> str | None:
    """``value`` for a message, shortened; None for one that is not a plain value or looks like a secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if (
        not isinstance(value, str)
        or "\n" in value
        or re.search(r"PRIVATE KEY|password|secret|//[^/]*@", value, re.I)
    ):
        return None
    # Long and without a separator: rather a token than a name, an address or a size.
    if len(value) >= 20 and not re.search(r"[ ./:]", value):
        return None
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def path_of(error: ErrorDetails, raw: Any) -> Path:
    """The error's place in the stack file: pydantic's own, without what it adds for unions and keys."""
    path: list[str] = []
    current = raw
    location = list(error["loc"])
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if part == "[key]":
            break
        if isinstance(current, Mapping):
            known = part in current
            if not known and (current.get("kind") == part or not last):
                continue
            path.append(str(part))
            current = current[part] if known else None
        elif isinstance(current, list | tuple) and isinstance(part, int) and part < len(current):
            path.append(str(part))
            current = current[part]
        # Anything else is the name of a member of a union of plain types.
    return tuple(path)


def text_of(error: ErrorDetails, path: Path, *, secret: bool, known_keys: Collection[str]) -> str:
    """What is wrong, in one sentence."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind in ("extra_forbidden", "invalid_key"):
        near = difflib.get_close_matches(path[-1], known_keys, n=1, cutoff=0.75)
        return "unknown key" + (f"; did you mean {near[0]}?" if near else "; docs/settings.md lists all keys")
    text = _expectation(kind, context)
    shown = None if secret or isinstance(error["input"], Mapping | list) else show(error["input"])
    return f"{text}, not {shown}" if shown is not None and "not larger" not in text else text


def _expectation(kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "value_error":
            return str(context["error"])
        case "greater_than_equal" if context["ge"] == 1024:
            return "must be at least 1024, since lower ports need root"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal" if context["le"] == 32767:
            return "must be at most 32767, since higher ports are taken by outgoing connections now and then"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "literal_error":
            return f"must be {context['expected']}"
        case "union_tag_invalid":
            return f"kind must be one of {context['expected_tags']}"
        case "union_tag_not_found":
            return "needs its kind"
        case "too_short":
            return (
                "must not be empty"
                if context["min_length"] == 1
                else f"needs {context['min_length']} entries"
            )
        case "too_long":
            return f"must have at most {context['max_length']} entry"
        case "string_pattern_mismatch":
            return f"must have the form {context['pattern']}"
        case "string_too_short":
            return f"must have at least {context['min_length']} characters"
    return _TEXTS.get(kind, "has a wrong value")


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key that the stack file knows at any depth, to guess what a misspelt one meant."""
    seen: set[type[BaseModel]] = set()
    todo: list[Any] = [model]
    while todo:
        item = todo.pop()
        todo.extend(getattr(item, "__args__", ()))
        if isinstance(item, type) and issubclass(item, BaseModel) and item not in seen:
            seen.add(item)
            for field in item.model_fields.values():
                yield str(field.alias)
                todo.append(field.annotation)
