"""What hosts say of themselves before anything is planned, and what follows from it for a unit. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Version of the answer's form, as ``hostctl/observation.py`` gives it."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How a unit on the host differs from what was applied. ``mark``: another one for every such difference."""

    differences: tuple[str, ...]
    mark: str


@dataclass(frozen=True, kw_only=True)
class UnitObservation:
    """One unit on its host. ``generation``: grows whenever it is applied with a change. ``document``: digest of
    the text that was applied last."""

    differences: tuple[str, ...]
    generation: int
    document: str


@dataclass(frozen=True, kw_only=True)
class HostObservation:
    """One host. ``installed``: it has this version of ``hostctl``. ``place``: changes when its memory is removed."""

    host: str
    installed: bool
    place: str
    units: Mapping[str, UnitObservation]

    def drift(self, unit: str) -> Drift | None:
        """How the unit differs, or None. A unit that the host does not know differs as a whole."""
        seen = self.units.get(unit)
        if seen is None:
            return Drift(differences=("it is not on this host",), mark=_digest(self.place))
        if not seen.differences:
            return None
        return Drift(
            differences=seen.differences, mark=_digest(json.dumps([seen.generation, *seen.differences]))
        )

    def program_drift(self) -> Drift | None:
        """The program itself is missing, or another version than this one."""
        return (
            None if self.installed else Drift(differences=("hostctl is missing",), mark=_digest(self.place))
        )

    def applied(self, unit: str) -> str:
        """Digest of the document that was applied last; empty if there is none."""
        seen = self.units.get(unit)
        return seen.document if seen else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def document_digest(document: str) -> str:
    """As ``hostctl`` calculates it of what it was sent."""
    return hashlib.sha256(document.encode()).hexdigest()


def parse(host: str, text: str, *, installed: bool) -> HostObservation | None:
    """The answer of ``hostctl observe``; None if it is none, or one that only says which program is there."""
    try:
        answer: dict[str, Any] = json.loads(text)
        if answer["format"] != FORMAT or "units" not in answer:
            return None
        units = {
            name: UnitObservation(
                differences=tuple(unit["differences"]),
                generation=int(unit["generation"]),
                document=str(unit["document"]),
            )
            for name, unit in answer["units"].items()
        }
        return HostObservation(host=host, installed=installed, place=str(answer["place"]), units=units)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
