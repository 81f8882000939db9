"""What differs on this host from what was applied, for every unit at once."""

from __future__ import annotations

from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.store import Store


def observe_all(store: Store) -> dict[str, list[str]]:
    """Differences of each unit from its manifest, in words; a unit without any has an empty list."""
    found: dict[str, list[str]] = {}
    for unit in store.units():
        manifest = store.manifest(unit) or {"things": [], "status": "applied"}
        differences = (
            [] if manifest["status"] != "reverted" else ["reverted: the last change was not confirmed"]
        )
        for entry in manifest["things"]:
            thing = build(entry["record"] | {"kind": entry["kind"]})
            try:
                words = thing.differs(thing.observe())
            except HostError as error:
                words = [error.what]
            differences += [f"{thing.id}: {word}" for word in words]
        found[unit] = differences
    return found
