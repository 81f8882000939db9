"""What hostctl says: progress on stderr, one result line on stdout, and never a secret in either."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

LINES = 20
"""How many lines of a tool's own words an error repeats."""

WIDTH = 400
"""Longest line; a line beyond 64 KiB would hang the provider that reads it."""

_secrets: list[str] = []


def hide(values: list[str]) -> None:
    """Replace these values in everything said from now on."""
    _secrets.extend(sorted({v for v in values if len(v) >= 4}, key=len, reverse=True))


def clean(text: str) -> str:
    """The text without secret values."""
    for value in _secrets:
        text = text.replace(value, "[secret]")
    return text


def tail(text: str, lines: int = LINES) -> str:
    """The last lines of a text, each cut to a readable width, indented, without secrets."""
    kept = [line.rstrip()[:WIDTH] for line in clean(text).splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept)


def progress(text: str) -> None:
    """A line for people who watch; a broken connection must not end the transaction."""
    _write(sys.stderr, text)


def result(text: str) -> None:
    """The line that says what this run did."""
    _write(sys.stdout, text)


def answer(value: object) -> None:
    """The answer to a question, for the program that asked: JSON on one line, without secrets."""
    text = json.dumps(value, ensure_ascii=False)
    for secret in _secrets:
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "[secret]")
    print(text, flush=True)


def _write(stream: TextIO, text: str) -> None:
    try:
        print("\n".join(line[:WIDTH] for line in clean(text).splitlines()), file=stream, flush=True)
    except OSError:
        # nobody listens any more; what waits in the buffer would fail the interpreter's exit
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a device, not a path)
            os.dup2(nowhere.fileno(), stream.fileno())
    except ValueError:
        return
