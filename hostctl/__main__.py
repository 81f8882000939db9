"""The command line; what a unit is applied, deleted or confirmed from comes on stdin."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from hostctl import (
    arming,
    contacts,
    deletion,
    forecast,
    observation,
    rebooting,
    releases,
    rotation,
    uninstall,
)
from hostctl.errors import HostError, plain
from hostctl.interruption import fail_on_signals
from hostctl.priority import let_services_go_first
from hostctl.report import answer, progress, result
from hostctl.store import Store
from hostctl.transaction import Transaction

USAGE = (
    "usage: hostctl apply|delete|confirm [--drift=MARK] < UNIT.json | observe [VERSION] | forecast < UNITS.json"
    " | rollback SERVICE | status | revert UNIT | recover | rotate DIRECTORY | reboot | uninstall"
)


def _json() -> Any:
    try:
        return json.loads(sys.stdin.read())
    except ValueError as error:
        # the text itself may hold secrets: only the place is said
        raise HostError(
            f"stdin is not a unit: {type(error).__name__}", hint="run pulumi up from the project"
        ) from None


def _document() -> dict[str, Any]:
    document: dict[str, Any] = _json()
    if not isinstance(document, dict) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", str(document.get("unit"))):
        raise HostError("stdin is not a unit: it has no name", hint="run pulumi up from the project")
    return document


def _on_unit(verb: str, *, drifted: bool = False) -> str:
    document = _document()
    try:
        return _do(verb, document, drifted=drifted)
    except Exception as unexpected:
        error = plain(unexpected)
        error.where = f"unit {document['unit']} on {os.uname().nodename}"
        raise error from unexpected


def _do(verb: str, document: dict[str, Any], *, drifted: bool) -> str:
    unit, store = document["unit"], Store()
    contacts.note(store)
    with store.lock(unit):
        manifest = store.manifest(unit)
        if verb != "delete" and manifest and manifest["status"] == "armed":
            # being here over a connection made after the change is the confirmation
            arming.confirm(unit, store)
        if verb == "apply":
            return Transaction(document, store, drifted=drifted).run()
        if verb == "delete":
            return deletion.delete(unit, store, delete_data=bool(document.get("delete_data")))
        return arming.confirm(unit, store)


def main(arguments: list[str]) -> int:
    """Run one verb; 0 if it was done, 1 with the reason, 2 for wrong words."""
    os.umask(0o022)
    # a connection that breaks must not end a transaction in its middle
    for number in (signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    fail_on_signals()
    try:
        match arguments:
            # what the mark says is for Pulumi alone: another text is what makes it run the command
            case ["apply" | "delete" | "confirm" as verb, *mark] if all(
                m.startswith("--drift=") for m in mark
            ):
                result(_on_unit(verb, drifted=bool(mark)))
            case ["observe", *version]:
                answer(observation.observe_host(Store(), *version[:1]))
            case ["forecast"]:
                answer(forecast.forecast_all(_json(), Store()))
            case ["revert", unit]:
                store = Store()
                with store.lock(unit):
                    result(arming.revert(unit, store))
            case ["recover"]:
                result("; ".join(arming.recover(Store())) or "nothing to recover")
            case ["rotate", directory]:
                result(rotation.rotate_all(Path(directory)))
            case ["reboot"]:
                result(rebooting.reboot(Store()))
            case ["rollback", service]:
                result(releases.rollback(Store(), service))
            case ["status"]:
                answer(releases.status(Store()))
            case ["uninstall"]:
                result(uninstall.uninstall(Store()))
            case _:
                progress(USAGE)
                return 2
    except Exception as unexpected:  # people get one plain line, never a traceback
        error = plain(unexpected)
        progress(f"error: {error.what}")
        if error.details:
            progress(error.details)
        if error.where:
            progress(f"where: {error.where}")
        progress(f"next: {error.hint}")
        return 1
    return 0


if __name__ == "__main__":
    let_services_go_first()
    sys.exit(main(sys.argv[1:]))
