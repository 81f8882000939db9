"""Worlds for tests: bare ones, copies of a converged one, and a converged one that most tests look at.

A plugin of pytest (``tests/conftest.py``) and no ``conftest.py``: tests of two folders share one converged world.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

import testbed
from bench.load import program
from scripts.steps import Steps
from tests.acceptance.releasing import FASTEST
from tests.acceptance.template import SUITE, Template, template
from tests.acceptance.world import World
from toolchain.paths import Clone


def _possible() -> str | None:
    if os.geteuid() == 0 or shutil.which("docker") or shutil.which("podman"):
        return None
    return "a test host needs root or a container engine"


class ConvergedWorld(Protocol):
    """Makes a world on a host of the given name, brought to ``settings``."""

    def __call__(self, name: str, settings: Mapping[str, Any] | None = None) -> World:
        """See the class."""


@pytest.fixture(scope="module")
def new_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Makes a world on a bare host of the given name; all of them are destroyed after the file's last test."""
    if why := _possible():
        pytest.skip(why)
    with contextlib.ExitStack() as hosts:
        yield lambda name: World.make(
            tmp_path_factory.mktemp(name), hosts.enter_context(testbed.up(name, suite=SUITE))
        )


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The converged environment that all processes of this run copy."""
    if why := _possible():
        pytest.skip(why)
    own = tmp_path_factory.getbasetemp()
    with template(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) as made:
        yield made


@contextlib.contextmanager
def _copies(made: Template, folders: pytest.TempPathFactory) -> Iterator[ConvergedWorld]:
    with contextlib.ExitStack() as hosts:

        def make(name: str, settings: Mapping[str, Any] | None = None) -> World:
            host = hosts.enter_context(made.boot(name))
            world = World.copy(made.folder, folders.mktemp(name), host)
            world.configure(settings or {})
            world.up()
            return world

        yield make


@pytest.fixture(scope="module")
def converged_world(
    made_once: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConvergedWorld]:
    """Makes a converged world on a host of the given name; it is destroyed after the file's last test."""
    with _copies(made_once, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def shared_world(made_once: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The converged environment that most tests look at. A test that changes it puts it back."""
    # one for each process: the tests are spread over two, since faults wait more than they work
    with _copies(made_once, tmp_path_factory) as make:
        yield make(f"acceptance-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")


@pytest.fixture(scope="session")
def world(shared_world: World) -> World:
    """What a file's tests look at unless it has a world of its own."""
    return shared_world


@pytest.fixture(scope="module")
def fastest_world(shared_world: World) -> Iterator[World]:
    """The shared one, whose gateway lets one client ask as often as it likes while a file's tests run."""
    with shared_world.changed(FASTEST):
        shared_world.up()
        yield shared_world


@pytest.fixture(scope="session")
def vegeta() -> Path:
    """The load generator, built once into the cache of all clones."""
    return program(Steps(Clone().logs))
