"""One converged host that most faults are injected into; each test gives it back converged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, put_proof
from tests.faults.hold import forget


@pytest.fixture(scope="session")
def converged(shared_world: World) -> World:
    """An environment with rows in a database."""
    put_proof(shared_world)
    return shared_world


@pytest.fixture
def world(converged: World) -> Iterator[World]:
    """The converged environment; afterwards its own settings are in force again."""
    yield converged
    converged.host.mend()
    forget(converged)
    converged.configure({})
    assert_converges(converged)
