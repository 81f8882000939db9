"""What is measured: the cases, and one measurement of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Case(StrEnum):
    """One situation in the life of a host."""

    FIRST = "first"
    """A fresh host becomes a running environment."""
    AGAIN = "again"
    """The same once more: nothing is to be done."""
    PREVIEW = "preview"
    """Say what would be done, where nothing is to be done."""
    CHANGE = "change"
    """One value has changed: the largest body that NGINX takes."""


TITLES = {
    Case.FIRST: "first converge",
    Case.AGAIN: "again, nothing to do",
    Case.PREVIEW: "preview, nothing to do",
    Case.CHANGE: "one value changed",
}

BODY_SIZES = (10, 20)
"""MiB: the value that the case CHANGE turns to and fro."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One measurement. ``seconds``: wall time of the command. ``round_trip``: added milliseconds."""

    tool: str
    case: Case
    round_trip: int
    run: int
    seconds: float
    connections: int
    channels: int
