"""One line per event: information to standard output, errors to standard error."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TextIO


def info(text: str) -> None:
    """Write a line about the normal course of things."""
    _write(sys.stdout, "info", text)


def error(text: str) -> None:
    """Write a line about something that went wrong."""
    _write(sys.stderr, "error", text)


def _write(stream: TextIO, level: str, text: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    print(f"{now} {level}: {text}", file=stream, flush=True)
