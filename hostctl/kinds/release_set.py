"""Services that must change together: all of their new releases serve, or none of them."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import Any

from hostctl import together
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.deployment import Deployment
from hostctl.slots import other
from hostctl.store import Store

SHOWN_OF_SETTINGS = ("type", "sha256", "mode", "owner", "group")
"""What is remembered of a settings file: not its content, which this kind never changes."""


class ReleaseSet(Kind):
    """Each member serves what its own unit has put into its idle slot. The switch is that of all members, or none.

    Taking it away leaves the members as they are: each is then deployed alone again.
    """

    name = "release_set"
    phase = Phase.SERVICES

    @property
    def _members(self) -> list[dict[str, Any]]:
        members: list[dict[str, Any]] = self.wanted["members"]
        return members

    @property
    def units(self) -> list[str]:
        """Both slots of every member."""
        return [unit for _, thing in self._deployed.values() for unit in thing.units]

    @cached_property
    def _deployed(self) -> dict[str, tuple[str, Deployment]]:
        there = together.deployed(Store())
        return {m["service"]: there[m["service"]] for m in self._members if m["service"] in there}

    def observe(self) -> State | None:
        """Each member that was deployed here, as its own unit observes it."""
        return {"members": {name: _without_content(thing) for name, (_, thing) in self._deployed.items()}}

    def differs(self, state: State | None) -> list[str]:
        """Members that serve something else, or nothing."""
        assert state is not None
        there = self._deployed
        words = []
        for member in self._members:
            service = member["service"]
            if not _serving(state, service):
                words.append(f"{service} does not serve")
            else:
                words += [
                    f"{service}: {w}" for w in _due(there[service][1], state["members"][service], member)
                ]
        return words

    def effects(self, state: State | None) -> list[str]:
        """What people who watch the services will see."""
        assert state is not None
        due = [member["service"] for member in self._moving(state)]
        return [f"switch {', '.join(due)} together when all are ready"] if due else []

    def _moving(self, state: State) -> list[dict[str, Any]]:
        there = self._deployed
        return [
            m
            for m in self._members
            if _serving(state, m["service"])
            and _due(there[m["service"]][1], state["members"][m["service"]], m)
        ]

    def apply(self, state: State | None) -> None:
        """Start what the idle slots of the members that are to change hold; switch when all are ready."""
        assert state is not None
        there = self._deployed
        silent = [m["service"] for m in self._members if not _serving(state, m["service"])]
        if silent:
            raise HostError(f"{', '.join(silent)}: nothing serves", hint="run pulumi up again")
        with ExitStack() as locks:
            for unit in sorted(unit for unit, _ in there.values()):
                locks.enter_context(Store().lock(unit))
            moves = []
            for member in self._moving(state):
                thing, old = there[member["service"]][1], state["members"][member["service"]]
                if not thing.reasons(old["slots"][old["serving"]]):
                    # other settings in the stack file, the same ones once they are merged with the artifact's own
                    slot = thing.slot(old["serving"])
                    slot.relabel(old["slots"][slot.name]["label"] | {"mark": member["mark"]})
                    continue
                move = together.Move(thing, old)
                if lacking := thing.reasons(old["slots"][move.slot.name] | {"overrides": []}):
                    raise HostError(
                        f"{thing.service}: {move.slot.name} does not hold what is to serve ({', '.join(lacking)})",
                        hint="run pulumi up again: the service's own unit puts it there",
                    )
                moves.append(move)
            together.switch(moves, "deploy")

    def restore(self, state: State) -> None:
        """All members go back to the slots that served, which still run.

        One whose slot was filled anew, after a run that was broken off, goes on with what serves.
        """
        there = self._deployed
        moves = [
            together.Move(there[name][1], old) for name, old in state["members"].items() if name in there
        ]
        together.undo([move for move in moves if _has_moved(move)])

    def remove(self, origin: State) -> None:
        """What serves goes on serving."""

    def finish(self) -> None:
        """Let the old slots finish their requests and stop."""
        for _, thing in self._deployed.values():
            thing.finish()


def _serving(state: State, service: str) -> str | None:
    return (state["members"].get(service) or {}).get("serving")


def _without_content(thing: Deployment) -> State:
    state = thing.observe()
    for slot in state["slots"].values():
        slot["settings"] = {k: v for k, v in slot["settings"].items() if k in SHOWN_OF_SETTINGS}
    return state


def _due(thing: Deployment, state: State, member: dict[str, Any]) -> list[str]:
    """Why the member must be switched: what its unit wants is not what serves, or will not be when it is applied."""
    slot = state["slots"][state["serving"]]
    if reasons := thing.reasons(slot):
        return reasons
    label = slot["label"] or {}
    if label.get("version") != member["version"]:
        return [f"version {label.get('version')} -> {member['version']}"]
    return ["settings, or options of its process"] if label.get("mark") not in (None, member["mark"]) else []


def _has_moved(move: together.Move) -> bool:
    now = move.thing.observe()
    serving = move.state["serving"]
    if serving is None or not move.thing.slot(serving).holds(move.state["slots"][serving]):
        return False
    moved = now["serving"] != serving or now["slots"][other(serving)]["running"]
    return moved or not now["slots"][serving]["running"]
