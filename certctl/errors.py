"""The exceptions that people see."""

from __future__ import annotations


class Failure(Exception):
    """``what`` failed, in one line; ``next_step``: what to do; ``details``: the failed program's last words."""

    def __init__(self, what: str, next_step: str, details: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.details = details


class Limited(Failure):
    """The ACME server wants to be asked again only at ``until`` (seconds since the epoch)."""

    def __init__(self, what: str, next_step: str, until: float) -> None:
        super().__init__(what, next_step)
        self.until = until
