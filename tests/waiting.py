"""Waiting for what a test wants to see: asked again and again, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], limit: float, *, pause: float = 0.1, what: str = "") -> None:
    """Return once ``condition`` holds; fail after ``limit`` seconds, naming ``what``. ``pause``: seconds between."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"not within {limit:g} s{what and ': '}{what}"
        time.sleep(pause)
