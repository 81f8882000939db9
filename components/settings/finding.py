"""A broken rule, as a rule tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from components.settings.model import StackFile
from components.settings.problems import Path


class Finding(NamedTuple):
    """A broken rule: the value to change, what is wrong, and the other values that it follows from."""

    path: Path
    text: str
    also: tuple[Path, ...] = ()


Rule = Callable[[str, StackFile], Iterator[Finding]]
