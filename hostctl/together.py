"""Several services that change as one: all new instances are ready before the first one serves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from hostctl.deploy_log import logged
from hostctl.kinds.base import State
from hostctl.kinds.deployment import Deployment
from hostctl.slots import Slot, other
from hostctl.store import Store


class Move(NamedTuple):
    """One service that goes to its other slot. ``state``: as it was observed before; its slot holds a release."""

    thing: Deployment
    state: State

    @property
    def slot(self) -> Slot:
        """Where it goes to."""
        return self.thing.slot(other(self.state["serving"]))


def deployed(store: Store) -> dict[str, tuple[str, Deployment]]:
    """Every service that was deployed here, by its name, with the unit that it belongs to."""
    entries = [(unit, entry) for unit in store.units() for entry in store.things(unit)]
    found = [(unit, Deployment(e["record"])) for unit, e in entries if e["kind"] == Deployment.name]
    return {thing.service: (unit, thing) for unit, thing in found}


def switch(moves: Sequence[Move], how: str) -> None:
    """Start all of them, wait until all are ready, then lead to each; the caller undoes what a failure leaves.

    ``how``: ``deploy``, with the migrations of the releases, or ``rollback``, which has none.
    """
    with ExitStack() as log:
        for move in moves:
            former = move.thing.version_in(move.state, move.state["serving"])
            version = str(move.thing.version_in(move.state, move.slot.name))
            path, service = move.thing.deploy_log, move.thing.service
            log.enter_context(
                logged(path, service, former=former, version=version, slot=move.slot.name, how=how)
            )
        for move in moves:
            if how == "deploy":
                move.thing.migrate(move.slot)
            move.thing.take_overrides_away(move.state)
        for move in moves:
            move.thing.launch(move.slot)
        for move in moves:
            move.thing.await_ready(move.slot)
        for move in moves:
            move.thing.current.lead(move.slot)
    # a label that says when: the way back without Pulumi finds by it what changed together
    moment = f"{time.time():.6f}"
    for move in moves:
        label = move.state["slots"][move.slot.name]["label"]
        kept = {key: value for key, value in label.items() if key != "held"}
        move.slot.relabel(kept | {"switched": moment})


def undo(moves: Sequence[Move]) -> None:
    """Lead each service to the slot that served, and end the new one; its slot says again what it held."""
    for move in moves:
        move.thing.go_back(move.state)
        if label := move.state["slots"][move.slot.name]["label"]:
            move.slot.relabel(label)
