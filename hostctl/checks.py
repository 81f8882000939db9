"""Waiting until what was started really serves: a condition and a time limit, never a fixed sleep."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hostctl.errors import HostError
from hostctl.report import tail
from hostctl.run import run
from hostctl.systemd import file_tail, last_words, properties

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5


def attempt(check: dict[str, Any], timeout: float) -> str | None:
    """None if the condition holds, else why not."""
    try:
        if check["type"] == "http":
            from hostctl import http_check

            return http_check.ask(check, timeout)
        if check["type"] == "tcp":
            socket.create_connection(("localhost", int(check["port"])), timeout).close()
            return None
        done = run(list(check["argv"]), check=False, timeout=max(timeout, 10))
    except (OSError, HostError) as error:
        return str(error) or type(error).__name__
    if done.returncode == 0:
        return None
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1] if words else f"exit status {done.returncode}"


def title(check: dict[str, Any]) -> str:
    """What is waited for, in words."""
    if check["type"] == "http":
        return (
            f"{check['socket'] or 'port ' + str(check['port'])} answers {check['status']} on {check['path']}"
        )
    return f"port {check['port']} accepts connections" if check["type"] == "tcp" else str(check["title"])


def wait(check: dict[str, Any], units: Sequence[str] = ()) -> None:
    """Wait until the condition holds; at the limit, fail with the last reason and the log's last lines.

    ``units``: systemd units that it may depend on; what systemd says of those that do not run belongs to the reason.
    """
    limit = float(check["timeout"])
    start, pause = time.monotonic(), FIRST_PAUSE
    while True:
        left = limit - (time.monotonic() - start)
        reason = attempt(check, min(5.0, max(left, 0.5)))
        if reason is None:
            return
        if left <= pause:
            log = check.get("log")
            details = "\n".join([tail(reason, 4), *_fallen(units)])
            if log and (words := tail(file_tail(Path(log)), 12)):
                details += f"\n    last lines of {log}:\n{words}"
            raise HostError(
                f"not within {limit:.0f} s: {title(check)}",
                details=details,
                hint="correct the cause, then pulumi up",
            )
        time.sleep(pause)
        pause = min(pause * 1.6, LONGEST_PAUSE)


def _fallen(units: Sequence[str]) -> Iterator[str]:
    for unit in units:
        # a service that dies says nothing of it in a log of its own
        if properties(unit).get("SubState") in ("auto-restart", "failed"):
            yield f"    systemd on {unit}:\n{last_words(unit)}"
