"""Options that measurements share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


def list_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """For argparse: names of ``known``, separated by commas; another one is an error that names it."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(known)}")
        return chosen

    return parse
