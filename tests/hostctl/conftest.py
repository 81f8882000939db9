"""A store and a host in ``tmp_path``, tools that only answer, and a kind of thing that exists only in memory."""

from __future__ import annotations

import getpass
import grp
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostctl import actions, contacts, kinds, ownership, report, staging
from hostctl import store as store_module
from hostctl.errors import HostError, StillNeeded
from hostctl.kinds.base import Kind, Phase, State
from hostctl.run import run
from hostctl.store import Store
from tests.hostctl.tools import Tools


class World:
    """What toys are set to, and everything that happened, in order."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.log: list[str] = []
        self.breaks: set[str] = set()
        self.needed: set[str] = set()

    def step(self, text: str) -> None:
        self.log.append(text)
        if text in self.breaks:
            raise HostError(f"{text} broke")


class Toy(Kind):
    """A value in the world; its phase is a wish."""

    name = "toy"
    phase = Phase.FILES
    world: World

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self.phase = Phase[wanted.get("phase", "FILES")]  # type: ignore[misc]

    @property
    def data(self) -> bool:
        return bool(self.wanted.get("data"))

    def observe(self) -> State | None:
        return {"value": self.world.values.get(self.key)}

    def differs(self, state: State | None) -> list[str]:
        assert state is not None
        return (
            [] if state["value"] == self.wanted["value"] else [f"{state['value']} -> {self.wanted['value']}"]
        )

    def apply(self, state: State | None) -> None:
        self.world.values[self.key] = self.wanted["value"]
        self.world.step(f"apply {self.key}")

    def restore(self, state: State) -> None:
        if self.key in self.world.needed:
            raise StillNeeded(f"{self.key} is needed")
        self.world.step(f"restore {self.key}")
        if state["value"] is None:
            self.world.values.pop(self.key, None)
        else:
            self.world.values[self.key] = state["value"]

    def foreign(self, state: State) -> bool:
        return state["value"] is not None


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(Toy, "world", made, raising=False)
    monkeypatch.setitem(kinds.KINDS, "toy", Toy)

    def perform(action: str) -> bool:
        made.step(action)
        return True

    monkeypatch.setattr(actions, "perform", perform)
    monkeypatch.setattr(staging, "validate", lambda _put, argvs: made.step(f"validate {argvs}"))
    return made


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(store_module, "ROOT", tmp_path / "store")
    return Store()


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # whoever runs the tests may have come over SSH
    monkeypatch.setattr(contacts, "client", lambda: None)
    yield
    report._secrets.clear()
    ownership._claimed.clear()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The host's tools, for every module that runs some."""
    made = Tools()
    for name, module in list(sys.modules.items()):
        if name.startswith("hostctl.") and name != "hostctl.run" and vars(module).get("run") is run:
            monkeypatch.setattr(module, "run", made.run)
    return made


@pytest.fixture
def attributes() -> dict[str, str]:
    """Owner and group that the test may give a file."""
    return {"mode": "0644", "owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


def toy(name: str, value: str, **more: Any) -> dict[str, Any]:
    return {"kind": "toy", "name": name, "value": value, "notify": [], **more}


def document(*things: dict[str, Any], **more: Any) -> dict[str, Any]:
    empty = {"format": 1, "unit": "u", "validations": [], "checks": [], "adopt": False, "arm": None}
    return {**empty, "things": list(things), "delete_data": False, "redact": [], **more}
