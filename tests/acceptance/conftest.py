"""One host with a converged environment for the whole session; tests that need a fresh one start their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import testbed
from bench.load import program
from scripts.steps import Steps
from tests.acceptance.world import World
from toolchain.paths import Clone

pytestmark = pytest.mark.host


def _possible() -> str | None:
    if os.geteuid() == 0 or shutil.which("docker") or shutil.which("podman"):
        return None
    return "a test host needs root or a container engine"


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Makes a world on a bare host of the given name; all of them are destroyed at the end."""
    if why := _possible():
        pytest.skip(why)
    hosts: list[testbed.Host] = []

    def make(name: str) -> World:
        host = testbed.up(name, suite="forky")
        hosts.append(host)
        folder: Path = tmp_path_factory.mktemp(name)
        return World.make(folder, host)

    yield make
    for host in hosts:
        host.down()


@pytest.fixture(scope="session")
def world(new_world: Callable[[str], World]) -> World:
    """The converged environment that most tests look at. A test that changes it puts it back."""
    # one for each process: the tests are spread over two, since faults wait more than they work
    world = new_world(f"acceptance-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    world.up()
    return world


@pytest.fixture(scope="session")
def vegeta() -> Path:
    """The load generator."""
    return program(Steps(Clone().logs))
