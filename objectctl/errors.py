"""The one exception that people see."""

from __future__ import annotations


class Failure(Exception):
    """``what`` failed in one line, ``next_step`` for who reads it, ``details``: the last words of who failed."""

    def __init__(self, what: str, next_step: str, details: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.details = details
