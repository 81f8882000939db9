"""A resource as rules see it, wherever it was read from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi sends in the place of a value that only an update will tell."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A value that is marked as a secret. ``value`` may be looked at, and must be in no message."""

    value: Any = field(repr=False)


def plain(value: Any) -> Any:
    """The value without its mark; marks below it stay."""
    return plain(value.value) if isinstance(value, Secret) else value


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The document of a host unit, as ``hostctl`` gets it (``docs/architecture.md``, "The unit")."""

    name: str
    things: tuple[Mapping[str, Any], ...]

    def of(self, *kinds: str) -> Iterator[Mapping[str, Any]]:
        """The things of these kinds."""
        return (thing for thing in self.things if thing.get("kind") in kinds)

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The content of each file by its path on the host."""
        return {str(file["path"]): str(file.get("content") or "") for file in self.of("file")}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """``inputs``: the properties that the engine shows, what is secret as :class:`Secret`."""

    urn: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.urn.removeprefix("urn:pulumi:").split("::")[0]

    @property
    def types(self) -> tuple[str, ...]:
        """The type with those of all its parents, the outermost first."""
        return tuple(self.urn.split("::")[2].split("$"))

    @property
    def type(self) -> str:
        """The resource's own type."""
        return self.types[-1]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[3]

    @property
    def host(self) -> str:
        """The address that a remote command goes to; empty for what has none."""
        connection = plain(self.inputs.get("connection"))
        return str(plain(connection.get("host")) or "") if isinstance(connection, Mapping) else ""

    @property
    def applies(self) -> bool:
        """Whether it sends a unit to a host."""
        return str(self.inputs.get("create", "")).endswith("hostctl apply")

    @cached_property
    def unit(self) -> Unit | None:
        """The unit that it sends; None if it sends none, or if that is not known yet."""
        text = plain(self.inputs.get("stdin"))
        if not self.applies or not isinstance(text, str) or text == UNKNOWN:
            return None
        try:
            document = json.loads(text)
            return Unit(name=document["unit"], things=tuple(document["things"]))
        except (ValueError, KeyError, TypeError):
            return None
