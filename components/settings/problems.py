"""What is wrong with, or missing from, a stack's configuration, and how people get to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str, ...]
"""Where a value is: keys and list positions from the top, as in ``("services", "sales", "port")``."""


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that must be changed. ``also``: other values that it follows from; not printed."""

    file: str
    path: Path
    text: str
    also: tuple[Path, ...] = ()

    def __str__(self) -> str:
        """The problem on one line: file, path, text."""
        where = f"{'/'.join(self.path)}: " if self.path else ""
        return f"{self.file}: {where}{self.text}".replace("\n", " ")


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """A value that is still missing: a preview works without it, an update does not.

    ``what``: the value in words. ``command``: what sets it.
    """

    path: Path
    what: str
    command: str

    def __str__(self) -> str:
        """The placeholder on one line."""
        return f"{'/'.join(self.path)}: {self.what} is not set yet; {self.command}"


class SettingsError(Exception):
    """The configuration can't be used; ``problems`` are all of the reasons."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """``problems``: all that was found, in the order to print."""
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(map(str, self.problems)))
