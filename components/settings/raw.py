"""Pulumi's configuration as it arrives, turned into the nested mapping that was written in the stack file."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from components.settings.problems import Path

PROJECT = "dhanman"


def nested(config: Mapping[str, Any]) -> dict[str, Any]:
    """The ``dhanman:`` keys without their prefix, with objects parsed.

    Pulumi hands over a top-level object as JSON text and a scalar as text; inside an object types are kept.
    """
    return {
        key.removeprefix(f"{PROJECT}:"): _parsed(value)
        for key, value in config.items()
        if key.startswith(f"{PROJECT}:")
    }


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return copy.deepcopy(value)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` merged over ``base``: mappings key by key, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def paths(tree: Any, below: Path = ()) -> Iterator[Path]:
    """The path of every value that is not a mapping."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from paths(value, (*below, str(key)))
    else:
        yield below


def secure_paths(tree: Any, below: Path = ()) -> Iterator[Path]:
    """The path of every value that Pulumi keeps encrypted (``secure: ...``) in a stack file."""
    if isinstance(tree, Mapping):
        if set(tree) == {"secure"}:
            yield below
            return
        for key, value in tree.items():
            yield from secure_paths(value, (*below, str(key)))
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from secure_paths(value, (*below, str(position)))


def get(tree: Any, path: Path) -> Any:
    """The value at ``path``, or None."""
    for part in path:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(part)
    return tree


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Sets the value at ``path``, making the mappings on the way."""
    for part in path[:-1]:
        if tree.get(part) is None:
            tree[part] = {}
        tree = tree[part]
    tree[path[-1]] = value
