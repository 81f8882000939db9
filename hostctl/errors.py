"""The one exception that people see, and the words it needs."""

from __future__ import annotations


class HostError(Exception):
    """A step that failed: ``what`` in one line, ``details`` the tool's own last words, ``hint`` the next step."""

    def __init__(self, what: str, *, details: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.details = details
        self.hint = hint


class Conflict(HostError):
    """Something is on the host that this program did not make and that differs from what is wanted."""


class StillNeeded(HostError):
    """A thing that can't go yet, since data that stays depends on it; it is kept and named, which is no failure."""
