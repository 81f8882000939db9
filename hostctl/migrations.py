"""What a release does to its database before it serves for the first time: once, by itself, and never without end."""

from __future__ import annotations

import json
from pathlib import Path

from hostctl.errors import HostError
from hostctl.interruption import Interrupted
from hostctl.kinds.paths import write_file
from hostctl.log_files import LogFiles
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store
from hostctl.systemd import tell

KILL_AFTER = 100.0
"""Seconds beyond its own limit that systemd has to end a migration: it sends SIGTERM, and 90 s later SIGKILL."""


def run_once(
    done: Path, artifact: str, *, service: str, slot: str, version: str, limit: float, logs: LogFiles
) -> None:
    """Run the migration of the release in ``slot``, unless ``done`` (JSON) says that ``artifact`` had its own.

    It must suit the release that serves still. ``limit``: seconds. Raises :class:`HostError` with its last lines;
    then it runs again with the next attempt.
    """
    unit = f"{service}-migrate@{slot}.service"
    with Store().lock(f"migrate-{service}"):
        before: list[str] = json.loads(done.read_text()) if done.is_file() else []
        if artifact in before:
            return
        progress(f"  migrating the database for version {version}: {limit:.0f} s at most")
        # that of a killed run goes on under systemd: starting it again would only wait for it
        _end(unit)
        try:
            tell("start", unit, logs, timeout=limit + KILL_AFTER)
        except Interrupted:
            raise
        except HostError as error:
            raise HostError(
                f"the migration of version {version} {_outcome(unit, limit) or f'failed: {error.what}'}",
                details=error.details,
                hint="correct the cause, then pulumi up: it runs again",
            ) from None
        finally:
            _end(unit)
        text = json.dumps([*before, artifact]).encode()
        write_file(done, text, mode="0644", owner="root", group="root")


def _end(unit: str) -> None:
    for verb in ("stop", "reset-failed"):
        run(["systemctl", verb, unit], check=False)


def _outcome(unit: str, limit: float) -> str:
    shown = run(["systemctl", "show", "--property=Result,ExecMainStatus", unit], check=False).stdout
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    match values.get("Result"):
        case "timeout":
            return f"did not end within {limit:g} s and was ended"
        case "exit-code":
            return f"failed with exit status {values.get('ExecMainStatus')}"
    return ""
