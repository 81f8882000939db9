"""What differs on this host from what was applied, for every unit at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostctl import apt, psql, systemd
from hostctl.errors import HostError
from hostctl.kinds import KINDS, Kind, recall
from hostctl.kinds.packages import listed_once
from hostctl.ownership import known_once
from hostctl.store import Record, Store

FORMAT = 1
"""Version of the answer's form."""

PROGRAM = Path(__file__).resolve().parents[1].name.removeprefix("hostctl-")
"""Version of the program that runs: the name of the folder that it was installed in."""


def observe_host(store: Store, version: str = PROGRAM) -> dict[str, Any]:
    """Differences of each unit from its manifest, in words, with what tells one difference from a later one.

    ``version``: the program that the asker knows. Another one answers only who it is.
    """
    head = {"format": FORMAT, "program": PROGRAM, "place": _place(store)}
    if version != PROGRAM:
        return head
    manifests = {unit: store.manifest(unit) or _EMPTY for unit in store.units()}
    things = {unit: _things(manifest) for unit, manifest in manifests.items()}
    with asked_together([thing for known in things.values() for thing in known]):
        units = {unit: _observe(manifest, things[unit]) for unit, manifest in manifests.items()}
    for unit in store.interrupted():
        if manifests.get(unit, _EMPTY)["status"] == "applied":
            broken = units.setdefault(unit, _observe(_EMPTY, []))
            broken["differences"].insert(0, "a run was broken off")
    return head | {"units": units}


_EMPTY: Record = {"things": [], "status": "applied", "generation": 0, "document": ""}


def _things(manifest: Record) -> list[Kind]:
    # a later version of this program may have known more kinds: the next run replaces what it left
    known = [entry for entry in manifest["things"] if entry["kind"] in KINDS]
    return [recall(entry) for entry in known]


def _observe(manifest: Record, things: list[Kind]) -> dict[str, Any]:
    differences = [] if manifest["status"] != "reverted" else ["reverted: the last change was not confirmed"]
    for thing in things:
        differences += [f"{thing.id}: {word}" for word in words(thing)]
    return {
        "differences": differences,
        "generation": manifest.get("generation", 0),
        "document": manifest.get("document", ""),
    }


def words(thing: Kind) -> list[str]:
    """How the thing differs; an error is a difference too."""
    try:
        return thing.differs(thing.observe())
    except HostError as error:
        return [error.what]


@contextlib.contextmanager
def asked_together(things: list[Kind]) -> Iterator[None]:
    """Inside, what many things need to know is asked once; only for what changes nothing meanwhile."""
    units = [unit for thing in things for unit in thing.units]
    once = (listed_once(), psql.session(), apt.index_as_it_is(), known_once())
    with contextlib.ExitStack() as stack:
        for reading in (systemd.asked_at_once(units), *once):
            stack.enter_context(reading)
        yield


def _place(store: Store) -> str:
    """Another text whenever the program or a unit's memory was removed: a host made anew is another one."""
    parts = []
    for path in (Path("/etc/machine-id"), Path("/usr/local/lib"), Path("/var/lib"), store.root / "manifests"):
        with contextlib.suppress(OSError):
            parts.append(str(path.stat().st_mtime_ns))
    return "-".join(parts)
