"""The gate before data: what could lose it needs a restore drill that succeeded lately on this host.

The host decides by itself, before anything is changed, from two files that the deployment and the drill leave here:
``data-gate.json`` (``stack``, ``report``, ``hours``, ``anyway``) and the drill's report. Without the first one there is
no gate.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hostctl.errors import HostError
from hostctl.kinds.file import File

if TYPE_CHECKING:
    from hostctl.kinds import Kind, State
    from hostctl.transaction import Transaction

FOLDER = Path("/etc/dhanman")
_NAME = "data-gate.json"
OVERRIDE = "DHANMAN_WITHOUT_DRILL"
_LOCATION = re.compile(r"^\s*data_directory\s*=?\s*(\S.*?)\s*(?:#.*)?$", re.MULTILINE)

Gates = Mapping[str, str]
"""Text of each gate by its path."""


def on_host() -> dict[str, str]:
    """The gates that are there."""
    return {str(path): path.read_text() for path in FOLDER.glob(f"*/{_NAME}")}


def after(transactions: Iterable[Transaction]) -> dict[str, str]:
    """The gates as they will be when these transactions reach data: they are set before it."""
    gates = on_host()
    for transaction in transactions:
        for thing in transaction.stale():
            gates.pop(thing.key, None)
        for thing in transaction.things:
            if isinstance(thing, File) and re.fullmatch(
                rf"{re.escape(str(FOLDER))}/[^/]+/{_NAME}", thing.key
            ):
                gates[thing.key] = str(thing.wanted["content"])
    return gates


def dangers(transaction: Transaction, first: Mapping[str, State | None]) -> list[str]:
    """What of a transaction could lose data, each in a few words."""
    found = [thing.loss(stays=transaction.stays(thing)) for thing in transaction.stale()]
    found += [_moved(thing, first[thing.id]) for thing in transaction.things]
    return [danger for danger in found if danger]


def dangers_of_deletion(things: Iterable[Kind], *, delete_data: bool) -> list[str]:
    """What of a unit's removal would lose data."""
    found = [thing.loss(stays=False) for thing in things] if delete_data else []
    return [danger for danger in found if danger]


def _moved(thing: Kind, state: State | None) -> str | None:
    """A file of PostgreSQL's that names another data directory than the one that is in place."""
    if not thing.key.startswith("/etc/postgresql/") or not state or state.get("type") != "file":
        return None
    texts = thing.texts(state) if thing.differs(state) else None
    if texts is None:
        return None
    before, wanted = (_LOCATION.findall(text)[-1:] for text in texts)
    return f"PostgreSQL's data directory: {_place(before)} -> {_place(wanted)}" if before != wanted else None


def _place(found: list[str]) -> str:
    return found[0].strip("'") if found else "its usual place"


def refusals(endangered: list[str], gates: Gates) -> list[str]:
    """Why each danger is refused; nothing if every gate is open."""
    reasons = [reason for text in gates.values() if (reason := _closed(json.loads(text)))]
    return [f"{danger}: {reasons[0]}" for danger in endangered] if reasons else []


def refuse(endangered: list[str], gates: Gates) -> None:
    """Raises :class:`HostError` if there is a danger and a gate is closed."""
    refused = refusals(endangered, gates) if endangered else []
    if refused:
        stack = next(json.loads(text)["stack"] for text in gates.values())
        raise HostError(
            refused[0],
            details="\n".join(f"    {reason}" for reason in refused[1:]),
            hint=f"make drill STACK={stack}, then the same command again; or set {OVERRIDE} to the reason why not",
        )


def _closed(gate: Mapping[str, object]) -> str | None:
    hours = int(str(gate["hours"]))
    if gate["anyway"]:
        return None
    last = _succeeded(Path(str(gate["report"])))
    if time.time() - last <= hours * 3600:
        return None
    when = datetime.fromtimestamp(last, UTC).strftime("the last one did on %Y-%m-%d at %H:%M UTC")
    return f"no restore drill has succeeded within {hours} h ({when if last else 'none ever did'})"


def _succeeded(report: Path) -> float:
    """When a drill succeeded last, in seconds since the epoch; 0: never. A time to come is none."""
    try:
        last = float(json.loads(report.read_text())["succeeded"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0
    return last if last <= time.time() + 60 else 0
