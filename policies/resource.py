"""A resource as rules see it, wherever it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SECRET = "[secret]"
"""What Pulumi shows in the place of a secret."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi shows in the place of a value that only an update will tell."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """``inputs``: as a preview shows them, secrets as ``[secret]``."""

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
