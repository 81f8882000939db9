"""What the doctor says: one finding for each check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. ``FAIL``: something does not work or is open that must not be. ``WARN``: it will, or may."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line. ``subject``: what was looked at, ``text``: what was found, ``remedy``: what to do, if anything."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding(level=Level.OK, subject=subject, text=text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """Nothing is broken yet."""
    return Finding(level=Level.WARN, subject=subject, text=text, remedy=remedy)


def fail(subject: str, text: str, remedy: str) -> Finding:
    """Something is broken."""
    return Finding(level=Level.FAIL, subject=subject, text=text, remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Findings that belong together. ``title``: of what."""

    title: str
    findings: tuple[Finding, ...]


def failed(groups: Iterable[Group]) -> bool:
    """Whether anything is broken."""
    return any(finding.level is Level.FAIL for group in groups for finding in group.findings)
