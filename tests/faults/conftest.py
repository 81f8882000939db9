"""One converged host that most faults are injected into; each test gives it back converged."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import ConvergedWorld, lasting_world, made_once, new_world
from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, put_proof
from tests.faults.hold import forget

__all__ = ["lasting_world", "made_once", "new_world"]


@pytest.fixture(scope="session")
def converged(lasting_world: ConvergedWorld) -> World:
    """An environment with rows in a database."""
    # one for each process of a run that is spread over several: -n 3 --dist loadfile
    world = lasting_world(f"faults-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    put_proof(world)
    return world


@pytest.fixture
def world(converged: World) -> Iterator[World]:
    """The converged environment; afterwards its own settings are in force again."""
    yield converged
    converged.host.mend()
    forget(converged)
    converged.configure({})
    assert_converges(converged)
