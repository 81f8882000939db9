"""What an auditor said, and whether it is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One line of the table.

    ``auditor``: the tool. ``subject``: what it looked at. ``aim`` and ``found``: in words. ``passed``: whether
    ``found`` is within ``aim``. ``remarks``: what falls short, or was waived and why.
    """

    auditor: str
    subject: str
    aim: str
    found: str
    passed: bool
    remarks: Sequence[str] = ()
