"""What was deployed: a line of JSON for each attempt, whoever made it and however it ended."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hostctl.errors import plain
from hostctl.store import who

MODE = 0o640
TAIL = 256 * 1024
"""Bytes read from the end of the log for the last deployments."""


@contextlib.contextmanager
def logged(
    path: str,
    service: str,
    *,
    former: str | None,
    version: str | None,
    slot: str,
    how: str = "deploy",
    result: str = "serves",
) -> Iterator[dict[str, Any]]:
    """Write one line when the block ends: ``result``, or ``refused`` with the reason; the block may add to it."""
    start = time.monotonic()
    entry: dict[str, Any] = {"what": how, "service": service, "from": former, "to": version, "slot": slot}
    try:
        yield entry
    except BaseException as error:
        write(path, entry | {"result": "refused", "reason": plain(error).what}, time.monotonic() - start)
        raise
    write(path, entry | {"result": result}, time.monotonic() - start)


def write(path: str, entry: dict[str, Any], seconds: float) -> None:
    """Append one line; a log that can't be written is no reason to fail a deployment."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"at": moment, "who": who(), **entry, "seconds": round(seconds, 1)}
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        with os.fdopen(descriptor, "a") as file:
            file.write(json.dumps(line) + "\n")


def last(path: Path, service: str) -> dict[str, Any] | None:
    """The newest line of the service, or None."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            entry: dict[str, Any] = json.loads(line)
            if entry.get("service") == service:
                return entry
    return None
