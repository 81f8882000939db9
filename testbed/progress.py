"""Progress on standard error: what is being done, and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def note(text: str) -> None:
    """Print one line to standard error."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step; on success say how long it took. On a terminal both share one line."""
    terminal = sys.stderr.isatty()
    if terminal:
        print(f"testbed: {text} ...", end="", file=sys.stderr, flush=True)
    else:
        note(f"{text} ...")
    started = time.monotonic()
    try:
        yield
    except BaseException:
        if terminal:
            print(file=sys.stderr, flush=True)
        raise
    seconds = time.monotonic() - started
    if terminal:
        print(f" {seconds:.1f} s", file=sys.stderr, flush=True)
    else:
        note(f"{text}: {seconds:.1f} s")
