"""The findings as people and `grep` read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from doctor.findings import Finding, Group, Level

_COLOURS = {Level.OK: "32", Level.WARN: "33", Level.FAIL: "31"}
_LEVEL_WIDTH = max(map(len, Level))


def render(groups: Sequence[Group], *, colours: bool) -> str:
    """A line for each finding below its group's title, and the sum of all. ``colours``: a terminal reads it."""
    found = [finding for group in groups for finding in group.findings]
    width = max((len(finding.subject) for finding in found), default=0)
    parts = [
        "\n".join([_paint(group.title, "1", colours), *(_line(f, width, colours) for f in group.findings)])
        for group in groups
        if group.findings
    ]
    count = Counter(finding.level for finding in found)
    total = ", ".join(f"{count[level]} {level}" for level in Level)
    return "\n\n".join([*parts, total])


def _line(finding: Finding, width: int, colours: bool) -> str:
    level = _paint(finding.level.ljust(_LEVEL_WIDTH), _COLOURS[finding.level], colours)
    remedy = f"  -> {finding.remedy}" if finding.remedy else ""
    return f"{level}  {finding.subject.ljust(width)}  {_plain(finding.text + remedy)}"


def _plain(text: str) -> str:
    # hosts and servers say some of this: it must neither break the line nor reach the terminal as a command
    return "".join(c if c.isprintable() else " " for c in text)


def _paint(text: str, colour: str, colours: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colours else text
