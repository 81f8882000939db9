"""Waiting until what was started really serves: a condition and a time limit, never a fixed sleep."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from hostctl.errors import HostError
from hostctl.log_files import LogFiles
from hostctl.report import progress, tail
from hostctl.run import run
from hostctl.systemd import last_words, properties

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
LONGEST_ATTEMPT = 5.0
"""Seconds for one answer: whoever asks a service in earnest does not wait longer either."""

NEXT = "correct the cause, then pulumi up"
TAKES_LONGER = "correct the cause, or raise readyTimeout if it only takes longer, then pulumi up"
SIGN_OF_LIFE = 10.0
"""Seconds after which the same reason is told again."""
_SILENT = "no answer within"
_COUNT = re.compile(r"(?<!status )\b\d+(\.\d+)?")


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
    except TimeoutError:
        return f"{_SILENT} {timeout:.2g} s"
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


def wait(
    check: dict[str, Any],
    units: Sequence[str] = (),
    *,
    alive: str | None = None,
    logs: LogFiles | None = None,
) -> None:
    """Wait until the condition holds; at the limit, fail with the last reason and the logs' last lines.

    ``units``: systemd units that it may depend on; what systemd says of those that do not run belongs to the reason.
    ``alive``: a unit without which there is nothing to wait for; its death ends the waiting at once.
    ``logs``: instead of the one that the check names.
    """
    logs = logs or LogFiles([check["log"]] if check.get("log") else [], whole=True)
    limit = float(check["timeout"])
    start, pause, reason = time.monotonic(), FIRST_PAUSE, ""
    told, said = "", 0.0
    while True:
        passed = time.monotonic() - start
        allowed = min(LONGEST_ATTEMPT, max(limit - passed, 0.5))
        answer = attempt(check, allowed)
        if answer is None:
            return
        if not (reason and allowed < LONGEST_ATTEMPT and answer.startswith(_SILENT)):
            # but that the last, short attempt got no answer tells less than the reason before
            reason = answer
        if alive and _is_dead(alive):
            _fail(f"{alive} has ended after {passed:.1f} s", reason, [alive], logs)
        if limit - passed <= pause:
            hint = TAKES_LONGER if alive else NEXT
            _fail(f"not within {limit:.0f} s: {title(check)}", reason, units, logs, hint)
        # a reason that only counts down is the same one
        if alive and (_COUNT.sub("", reason) != told or passed - said >= SIGN_OF_LIFE):
            progress(f"  waiting for {title(check)}: {reason}")
            told, said = _COUNT.sub("", reason), passed
        time.sleep(pause)
        pause = min(pause * 1.6, LONGEST_PAUSE)


def _fail(what: str, reason: str, units: Sequence[str], logs: LogFiles, hint: str = NEXT) -> NoReturn:
    parts = [tail(reason, 4), *_fallen(units), logs.words()]
    raise HostError(what, details="\n".join(filter(None, parts)), hint=hint)


def _is_dead(unit: str) -> bool:
    shown = properties(unit)
    return shown.get("SubState") == "auto-restart" or shown.get("ActiveState") in ("failed", "inactive")


def _fallen(units: Sequence[str]) -> Iterator[str]:
    for unit in units:
        # a service that dies says nothing of it in a log of its own
        if properties(unit).get("SubState") in ("auto-restart", "failed"):
            yield f"    systemd on {unit}:\n{last_words(unit)}"
