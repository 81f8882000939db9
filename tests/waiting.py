"""Waiting for what a test wants to see: asked again and again, with a limit."""

from __future__ import annotations

from collections.abc import Callable

from testbed.process import wait_until


def until(condition: Callable[[], object], limit: float, *, pause: float = 0.1, what: str = "") -> None:
    """Return once ``condition`` holds; fail after ``limit`` seconds, naming ``what``. ``pause``: seconds between."""
    assert wait_until(condition, limit, pause=pause), f"not within {limit:g} s{what and ': '}{what}"
