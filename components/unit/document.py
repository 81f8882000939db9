"""The unit itself and its JSON form, the document that travels to the host on ``stdin``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.unit.checks import Check
from components.unit.things import Thing

FORMAT = 1
"""Version of the document's form; ``hostctl`` refuses another one."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """A program that must accept the staged files before they are swapped in.

    ``argv`` runs in a private view of the host in which the unit's files under ``/etc``, ``/opt`` and
    ``/usr/local`` are already in place.
    """

    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A named set of things that is applied to one host as one transaction.

    ``adopt``: take over what is there, differs and was not made by this program (a copy is kept); without it such
    a thing stops the unit. ``arm``: seconds after which the host puts the old state back unless a new connection
    confirms (for changes that could lock the operator out). ``delete_data``: deleting the unit deletes data too.
    ``redact``: secret values that must not appear in any message.
    """

    name: str
    things: tuple[Thing, ...]
    validations: tuple[Validation, ...] = ()
    checks: tuple[Check, ...] = ()
    adopt: bool = False
    arm: int | None = None
    delete_data: bool = False
    redact: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The unit as a JSON-able mapping."""
        return {
            "format": FORMAT,
            "unit": self.name,
            "things": [thing.to_json() for thing in self.things],
            "validations": [list(v.argv) for v in self.validations],
            "checks": [check.to_json() for check in self.checks],
            "adopt": self.adopt,
            "arm": self.arm,
            "delete_data": self.delete_data,
            "redact": list(self.redact),
        }

    def serialize(self) -> str:
        """The unit as JSON text with a stable order of keys, so that equal units are equal text."""
        return json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
