"""A unit's switches, its mask, and drop-ins of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl import ownership
from hostctl.kinds import build, service
from hostctl.log_files import LogFiles
from hostctl.store import Store
from tests.hostctl.tools import Tools

NAME = "n.service"


class Unit:
    """One unit as systemd shows it and as its verbs change it."""

    def __init__(self) -> None:
        self.shown = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
        self.shown |= {"UnitFileState": "enabled", "DropInPaths": ""}
        self.said: list[tuple[str, LogFiles]] = []

    def tell(self, verb: str, unit: str, logs: LogFiles) -> None:
        assert unit == NAME
        self.said.append((verb, logs))
        self.shown |= {
            "start": {"ActiveState": "active"},
            "stop": {"ActiveState": "inactive"},
            "enable": {"UnitFileState": "enabled"},
            "disable": {"UnitFileState": "disabled"},
            "restart": {},
        }[verb]

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.said]


@pytest.fixture
def unit(monkeypatch: pytest.MonkeyPatch, tools: Tools, store: Store) -> Unit:
    made = Unit()
    monkeypatch.setattr(service, "properties", lambda _unit: dict(made.shown))
    monkeypatch.setattr(service, "tell", made.tell)
    tools.answer("systemctl unmask", effect=lambda: made.shown.update(LoadState="loaded"))
    tools.answer("systemctl mask", effect=lambda: made.shown.update(LoadState="masked"))
    return made


def _service(
    enabled: bool | None = True, running: bool | None = True, log: Path | None = None
) -> service.Service:
    wanted = {"kind": "service", "unit": NAME, "enabled": enabled, "running": running}
    thing = build(wanted | {"log": str(log) if log else None})
    assert isinstance(thing, service.Service)
    return thing


def _differs(enabled: bool | None = True, running: bool | None = True) -> list[str]:
    thing = _service(enabled, running)
    return thing.differs(thing.observe())


def _apply(thing: service.Service) -> dict[str, Any]:
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    assert thing.differs(thing.observe()) == []
    return before


@pytest.mark.parametrize(
    ("shown", "differences"),
    [
        ({}, []),
        ({"ActiveState": "reloading"}, []),
        ({"ActiveState": "activating"}, []),
        ({"ActiveState": "activating", "SubState": "auto-restart"}, ["dying and restarting"]),
        ({"ActiveState": "failed"}, ["failed"]),
        ({"ActiveState": "inactive", "UnitFileState": "disabled"}, ["disabled", "inactive"]),
        ({"UnitFileState": "generated"}, []),
        ({"UnitFileState": "static"}, ["disabled"]),
        ({"LoadState": "not-found"}, ["no such unit"]),
        ({"LoadState": "masked", "ActiveState": "inactive"}, ["masked"]),
    ],
)
def test_a_unit_that_is_to_run_differs_in_words(
    unit: Unit, shown: dict[str, str], differences: list[str]
) -> None:
    unit.shown |= shown
    assert _differs() == differences


def test_a_unit_that_is_not_to_run_differs_when_it_does(unit: Unit) -> None:
    assert _differs(enabled=False, running=False) == ["enabled", "running"]


def test_a_switch_that_is_nobodys_business_is_not_touched(unit: Unit) -> None:
    unit.shown |= {"ActiveState": "inactive", "UnitFileState": "disabled"}
    assert _differs(enabled=None, running=None) == []
    thing = _service(None, None)
    thing.apply(thing.observe())
    thing.restore({"load": "loaded", "enabled": True, "running": True})
    assert unit.said == []


def test_a_unit_that_systemd_does_not_know_at_all_is_no_such_unit(unit: Unit) -> None:
    unit.shown = {}
    assert _differs() == ["no such unit"]


@pytest.mark.parametrize(
    ("wanted", "shown", "verbs", "back"),
    [
        (True, ("inactive", "disabled"), ["enable", "start"], ["stop", "disable"]),
        (False, ("active", "enabled"), ["disable", "stop"], ["start", "enable"]),
    ],
)
def test_both_switches_are_told_once_as_announced_and_come_back(
    unit: Unit, wanted: bool, shown: tuple[str, str], verbs: list[str], back: list[str], tmp_path: Path
) -> None:
    unit.shown |= {"ActiveState": shown[0], "UnitFileState": shown[1]}
    log = tmp_path / "n.log"
    thing = _service(wanted, wanted, log)
    assert thing.effects(thing.observe()) == [f"{verb} {NAME}" for verb in verbs]
    before = _apply(thing)
    thing.apply(thing.observe())
    assert unit.verbs == verbs
    thing.restore(before)
    assert unit.verbs == [*verbs, *back]
    log.write_text("the reason")
    assert {logs.words() for _, logs in unit.said} == {f"    last lines of {log}:\n    the reason"}


def test_a_failed_unit_is_started_after_its_failure_was_forgotten(unit: Unit, tools: Tools) -> None:
    unit.shown["ActiveState"] = "failed"
    _apply(_service())
    assert tools.calls == [f"systemctl reset-failed {NAME}"]
    assert unit.verbs == ["start"]


def test_a_masked_unit_is_unmasked_and_masked_again(unit: Unit, tools: Tools) -> None:
    unit.shown |= {"LoadState": "masked", "ActiveState": "inactive"}
    thing = _service()
    state = thing.observe()
    assert state is not None
    assert thing.foreign(state)
    before = _apply(thing)
    assert unit.verbs == ["start"]
    thing.restore(before)
    assert [call.split()[1] for call in tools.calls] == ["unmask", "mask"]


def test_a_unit_that_was_not_there_is_stopped_and_disabled_on_removal(unit: Unit, tools: Tools) -> None:
    _service().restore({"load": "not-found", "enabled": True, "running": True})
    assert unit.verbs == ["stop", "disable"]
    assert tools.asked("systemctl reset-failed")


def test_a_unit_whose_file_is_gone_already_needs_nothing(unit: Unit, tools: Tools) -> None:
    unit.shown["LoadState"] = "not-found"
    _service().restore({"load": "loaded", "enabled": False, "running": False})
    assert unit.said == []
    assert tools.calls == []


@pytest.fixture
def drop_in(unit: Unit, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's drop-in; systemd shows those that are there when it read them last."""
    monkeypatch.setattr(service, "BY_HAND", (f"{tmp_path}/etc/",))
    path = tmp_path / "etc/n.service.d/override.conf"
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nNice=5\n")
    packaged = "/usr/lib/systemd/system/n.service.d/debian.conf"

    def reread() -> None:
        unit.shown["DropInPaths"] = f"{packaged} {path}" if path.exists() else packaged

    reread()
    tools.answer("systemctl daemon-reload", effect=reread)
    return path


def test_a_drop_in_of_somebody_is_a_difference_and_its_removal_their_decision(
    unit: Unit, drop_in: Path
) -> None:
    thing = _service()
    state = thing.observe()
    assert state is not None
    assert thing.differs(state) == [f"overridden by {drop_in}"]
    assert thing.effects(state) == [f"restart {NAME}"]
    assert thing.foreign(state)
    assert not thing.foreign(state | {"overrides": []})


def test_a_drop_in_is_set_aside_the_unit_restarted_and_both_undone(
    unit: Unit, drop_in: Path, tools: Tools
) -> None:
    thing = _service()
    before = _apply(thing)
    assert not drop_in.exists()
    assert (tools.calls, unit.verbs) == (["systemctl daemon-reload"], ["restart"])
    drop_in.parent.rmdir()
    thing.restore(before)
    assert drop_in.read_text() == "[Service]\nNice=5\n"
    assert (len(tools.calls), unit.verbs) == (2, ["restart", "restart"])


@pytest.mark.parametrize("active", ["active", "inactive"])
def test_a_drop_in_of_a_unit_whose_running_is_nobodys_business_restarts_it_only_if_it_runs(
    unit: Unit, drop_in: Path, active: str
) -> None:
    unit.shown["ActiveState"] = active
    thing = _service(running=None)
    verbs = ["restart"] if active == "active" else []
    assert thing.effects(thing.observe()) == [f"{verb} {NAME}" for verb in verbs]
    _apply(thing)
    assert unit.verbs == verbs


def test_a_drop_in_of_a_unit_that_is_down_is_gone_before_it_starts(unit: Unit, drop_in: Path) -> None:
    unit.shown["ActiveState"] = "inactive"
    thing = _service()
    assert thing.effects(thing.observe()) == [f"start {NAME}"]
    _apply(thing)
    assert unit.verbs == ["start"]


def test_a_unit_as_wanted_or_one_that_nobody_has_seen_yet_has_its_effects(unit: Unit) -> None:
    thing = _service()
    assert thing.effects(thing.observe()) == []
    assert thing.effects(None) == [f"enable {NAME}", f"start {NAME}"]


def test_a_drop_in_of_ours_is_none_of_somebodys(unit: Unit, drop_in: Path) -> None:
    ownership.claim([f"file:{drop_in}"])
    assert _differs() == []
