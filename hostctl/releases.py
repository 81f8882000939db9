"""What people at the host ask of releases: which one serves, and the way back to the one before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hostctl import checks, deploy_log, together
from hostctl.errors import HostError
from hostctl.kinds.deployment import Deployment
from hostctl.run import run
from hostctl.slots import other
from hostctl.store import Store
from hostctl.together import Move, deployed

HEALTH_LIMIT = 3.0
"""Seconds that a service has to say how it is."""


def rollback(store: Store, service: str) -> str:
    """Switch a service to what its other slot holds: the release before, with the settings that it had.

    What was switched together with it goes back together with it. Every release must be ready before one serves, as
    in every deployment. The next preview shows it as a difference.
    """
    known = deployed(store)
    if service not in known:
        raise HostError(
            f"no service {service} was deployed here", hint=f"one of: {', '.join(known) or 'none'}"
        )
    names = _switched_with(service, known)
    with ExitStack() as locks:
        for unit in sorted(known[name][0] for name in names):
            locks.enter_context(store.lock(unit))
        moves = [Move(known[name][1], known[name][1].observe()) for name in names]
        for move in moves:
            _require_way_back(move)
        try:
            together.switch(moves, "rollback")
        except BaseException:
            together.undo(moves)
            raise
        for move in moves:
            move.thing.finish()
    told = [
        f"{move.thing.service}: version {move.thing.version_in(move.state, move.slot.name)} serves instead of "
        f"{move.thing.version_in(move.state, move.state['serving'])}"
        for move in moves
    ]
    return "; ".join(told)


def _switched_with(service: str, known: Mapping[str, tuple[str, Deployment]]) -> list[str]:
    """The service, and those whose serving release was switched in the same moment."""

    def moment(thing: Deployment) -> str | None:
        state = thing.observe()
        label = state["slots"][state["serving"]]["label"] if state["serving"] else None
        return (label or {}).get("switched")

    asked = moment(known[service][1])
    if asked is None:
        return [service]
    return [name for name, (_, thing) in sorted(known.items()) if moment(thing) == asked]


def _require_way_back(move: Move) -> None:
    serving = move.state["serving"]
    label = move.state["slots"][other(serving)]["label"] if serving else None
    # what a release set only laid ready has never served
    if not serving or not label or label.get("held") or not move.slot.is_whole():
        raise HostError(
            f"{move.thing.service} has no release to go back to",
            hint="set the version back in the settings, then pulumi up",
        )


def status(store: Store) -> list[dict[str, Any]]:
    """Each service: version, slot, since when, memory in bytes, health, last deployment."""
    return [_status(thing) for _, (_, thing) in sorted(deployed(store).items())]


def _status(thing: Deployment) -> dict[str, Any]:
    state = thing.observe()
    serving = state["serving"]
    last = deploy_log.last(Path(thing.deploy_log), thing.service)
    if serving is None:
        return {"service": thing.service, "serving": None, "health": "nothing serves", "last": last}
    check = {"type": "http", "socket": thing.slot(serving).socket, "path": "/health/ready", "port": None}
    reason = checks.attempt(check | {"host": "localhost", "status": 200}, HEALTH_LIMIT)
    names = "ActiveEnterTimestamp,MainPID,MemoryCurrent,NRestarts"
    shown = run(
        ["systemctl", "show", "--timestamp=unix", f"--property={names}", thing.slot(serving).unit]
    ).stdout
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    since, memory = values.get("ActiveEnterTimestamp", "").lstrip("@"), values.get("MemoryCurrent", "")
    return {
        "service": thing.service,
        "serving": serving,
        "version": (state["slots"][serving]["label"] or {}).get("version"),
        "wanted": thing.version,
        "since": int(since) if since.isdigit() else None,
        "memory": int(memory) if memory.isdigit() else _resident(values.get("MainPID", "")),
        "restarts": int(values.get("NRestarts") or 0),
        "health": "ready" if reason is None else reason.splitlines()[0][:120],
        "last": last,
    }


def _resident(process: str) -> int | None:
    """Bytes of its main process, where the kernel counts none for the unit (no memory controller)."""
    try:
        pages = Path(f"/proc/{process or 0}/statm").read_text().split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
