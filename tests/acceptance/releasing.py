"""What the tests of releases share: versions of a service, deploys of them, and clients that ask all the time."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from bench.load import Request, Target, failures, load
from tests.acceptance.world import World

URL = "https://sales.dhanman.test"
RATE = {"HTTP/1.1": 100, "HTTP/2": 50}
"""Requests per second; both at once."""
FASTEST: dict[str, Any] = {"gateway": {"rateLimit": {"perSecond": 5000, "burst": 5000}}}
NUMBERS = count(1)


def release(world: World, *, change: Callable[[Path], object] = lambda folder: None) -> dict[str, Any]:
    """Settings of a new version of the sample, made different by ``change``."""
    version = f"2.{next(NUMBERS)}.0"
    folder = world.project / f"samples/service-{version}"
    shutil.copytree(world.project / "samples/service", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "VERSION").write_text(f"{version}\n")
    change(folder)
    return {"version": version, "artifact": {"path": f"samples/{folder.name}"}}


def deploy(world: World, sales: dict[str, Any], *, check: bool = True) -> str:
    world.configure(FASTEST | {"services": {"sales": sales}})
    return world.up(check=check)


def serving(world: World) -> str:
    """Version of the instance that answers."""
    return world.ask(f"{URL}/health").headers["x-instance"].partition("/")[0]


def running_slots(world: World) -> list[str]:
    """Slots of the service that run, those that are about to end not counted."""
    units = world.run(
        "systemctl list-units --plain --no-legend --state=active,activating 'dhanman-sales-local@*'"
    )
    return [line.split()[0] for line in units.splitlines()]


@contextlib.contextmanager
def under_load(world: World, vegeta: Path) -> Iterator[list[Request]]:
    """Both kinds of clients ask all the time; at the end none of their requests has failed."""
    world.ask(f"{URL}/health")
    target = Target(
        url=f"{URL}/echo", address=world.host.address, certificate=world.project / ".local/ca.crt"
    )
    folder = world.project.parent / f"load-{next(NUMBERS)}"
    answered: list[Request] = []
    with (
        load(vegeta, target, folder / "1", rate=RATE["HTTP/1.1"]) as first,
        load(vegeta, target, folder / "2", rate=RATE["HTTP/2"], http2=True) as second,
    ):
        yield answered
    answered += [*first, *second]
    assert len(first) > 100 and len(second) > 50
    failed = failures(answered)
    assert not failed, f"{len(failed)} of {len(answered)}: {failed[:20]}"


def versions(requests: list[Request]) -> set[str]:
    return {request.instance.partition("/")[0] for request in requests}


def converged(world: World) -> None:
    found, slots = world.drift(), running_slots(world)
    assert not found, found
    assert len(slots) == 1, slots
