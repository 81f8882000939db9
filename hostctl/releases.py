"""What people at the host ask of releases: which one serves, and the way back to the one before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hostctl import checks, deploy_log
from hostctl.errors import HostError
from hostctl.kinds import recall
from hostctl.kinds.deployment import Deployment
from hostctl.run import run
from hostctl.slots import other
from hostctl.store import Store

HEALTH_LIMIT = 3.0
"""Seconds that a service has to say how it is."""


def deployments(store: Store) -> dict[str, tuple[str, Deployment]]:
    """Every service that was deployed here, by its name, with the unit that it belongs to."""
    found = {}
    for unit in store.units():
        for entry in store.things(unit):
            if entry["kind"] == Deployment.name:
                thing = recall(entry)
                assert isinstance(thing, Deployment)
                found[thing.service] = (unit, thing)
    return found


def rollback(store: Store, service: str) -> str:
    """Switch a service to what its other slot holds: the release before, with the settings that it had.

    The release must be ready before it serves, as in every deployment. The next preview shows it as a difference.
    """
    known = deployments(store)
    if service not in known:
        raise HostError(
            f"no service {service} was deployed here", hint=f"one of: {', '.join(known) or 'none'}"
        )
    unit, thing = known[service]
    with store.lock(unit):
        state = thing.observe()
        serving = state["serving"]
        slot = thing.slot(other(serving)) if serving else None
        if serving is None or slot is None or not slot.is_whole():
            raise HostError(
                f"{service} has no release to go back to",
                hint="set the version back in the settings, then pulumi up",
            )
        former = (state["slots"][serving]["label"] or {}).get("version")
        version = state["slots"][slot.name]["label"]["version"]
        with deploy_log.logged(
            thing.deploy_log, service, former=former, version=version, slot=slot.name, how="rollback"
        ):
            thing.start(slot)
            thing.switch(slot)
        thing.finish()
    return f"{service}: version {version} serves instead of {former}"


def status(store: Store) -> list[dict[str, Any]]:
    """Each service: version, slot, since when, memory in bytes, health, last deployment."""
    return [_status(thing) for _, (_, thing) in sorted(deployments(store).items())]


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
