"""Deleting a unit: everything it made goes, what was there before comes back, data stays unless told otherwise."""

from __future__ import annotations

from hostctl import actions, gate
from hostctl.errors import HostError, StillNeeded, plain
from hostctl.kinds import Phase, State, recall
from hostctl.report import progress
from hostctl.store import Store
from hostctl.undo import undo


def delete(unit: str, store: Store, *, delete_data: bool) -> str:
    """Remove the unit from the host. Goes on after a failure, and names all of them at the end."""
    journal = store.journal(unit)
    if journal is not None:
        progress(f"  {unit}: undoing a run that was broken off")
        _raise(unit, undo(unit, store, journal["entries"]))
    manifest = store.manifest(unit)
    if manifest is None:
        return f"{unit}: not on this host"
    recalled = [recall(entry) for entry in manifest["things"]]
    try:
        gate.refuse(gate.dangers_of_deletion(recalled, delete_data=delete_data), gate.on_host())
    except HostError as error:
        error.hint += "\nnow: nothing was changed"
        raise
    # newest phase first; packages last of all, after the actions, so that a reload still finds its program
    records = sorted(
        enumerate(manifest["things"]),
        key=lambda pair: (recall(pair[1]).phase, pair[0]),
        reverse=True,
    )
    pending: set[str] = set()
    problems: list[str] = []
    kept: dict[str, State] = {}
    acted = False
    for _, entry in records:
        thing = recall(entry)
        if thing.phase <= Phase.ACCOUNTS and not acted:
            acted = True
            problems += _act(pending)
        if thing.data and not delete_data:
            kept[thing.id] = entry["origin"]
            continue
        pending |= set(thing.notify)
        try:
            if entry["origin"]:
                thing.remove(entry["origin"])
        except StillNeeded as reason:
            progress(f"  {reason.what}: it stays")
            kept[thing.id] = entry["origin"]
        except Exception as error:  # one thing that can't go must not keep the others
            problems.append(f"{thing.id}: {plain(error).what}")
    if not acted:
        problems += _act(pending)
    if kept:
        progress(f"  data stays: {', '.join(kept)}")
        for thing_id, origin in kept.items():
            store.keep(thing_id, origin)
    _raise(unit, problems)
    store.forget(unit)
    return f"{unit}: removed" + (f", {len(kept)} kept" if kept else "")


def _raise(unit: str, problems: list[str]) -> None:
    if problems:
        raise HostError(
            f"{unit}: {len(problems)} things could not be removed",
            details="\n".join(f"    {p}" for p in problems),
            hint="correct the cause on the host, then run the same command again",
        )


def _act(pending: set[str]) -> list[str]:
    problems = []
    for action in actions.ordered(pending):
        try:
            actions.perform(action)
        except HostError as error:
            problems.append(f"{action}: {error}")
    return problems
