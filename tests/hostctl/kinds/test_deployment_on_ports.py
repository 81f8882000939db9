"""Slots whose processes listen on ports: each has copies of its own of the units that keep its socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.store import Store
from tests.hostctl.kinds.test_deployment import SERVICE, Host, deploy, make_host, thing
from tests.hostctl.tools import Tools

PORTS = {"blue": 6006, "green": 7006}
NAMES = ("@{}.service.d/port.conf", "-proxy@{}.socket", "-proxy@{}.service")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools, store: Store) -> Host:
    made = make_host(tmp_path, monkeypatch)
    for name in NAMES:
        unit = tmp_path / "units" / f"{SERVICE}{name.format('wanted')}"
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text("[Unit]\n")
    return made


def on_ports(host: Host, slot: str) -> bool:
    """Whether the slot has all of its units, or none."""
    paths = [host.root / "units" / f"{SERVICE}{name.format(slot)}" for name in NAMES]
    found = {path.exists() for path in [*paths, host.root / f"etc/{slot}/port.env"]}
    assert len(found) == 1
    return found.pop()


def test_a_slot_on_a_port_has_its_units_before_its_process_starts(host: Host) -> None:
    first = thing(host, slot_ports=PORTS)
    first.apply(first.observe())
    assert host.steps.index("daemon-reload") < host.steps.index(f"start {SERVICE}@blue.service")
    assert on_ports(host, "blue") and not on_ports(host, "green")
    assert (host.root / "etc/blue/port.env").read_text() == "DHANMAN_SLOT_PORT=6006\n"
    assert first.differs(first.observe()) == []


def test_another_form_is_a_new_process_and_the_slot_that_runs_keeps_its_own(host: Host) -> None:
    deploy(host)
    second = thing(host, slot_ports=PORTS, unit_digest="on ports")
    second.apply(second.observe())
    assert (on_ports(host, "blue"), on_ports(host, "green")) == (False, True)
    second.finish()
    back = thing(host)
    back.apply(back.observe())
    assert (on_ports(host, "blue"), on_ports(host, "green")) == (False, True)
    assert f"stop {SERVICE}@blue.service" in host.steps
    back.finish()
    assert host.steps[-1] == f"stop {SERVICE}@green.service"
    assert back.differs(back.observe()) == []


def test_a_slot_is_stopped_with_its_proxy_and_the_process_is_named_first(host: Host) -> None:
    deploy(host, slot_ports=PORTS)
    deploy(host, "2", slot_ports=PORTS)
    third = thing(host, "3", slot_ports=PORTS)
    third.apply(third.observe())
    proxy = f"{SERVICE}-proxy@blue.service {SERVICE}-proxy@blue.socket"
    assert host.steps[0] == f"stop {SERVICE}@blue.service {proxy}"


def test_a_refusal_leaves_the_idle_slot_in_the_form_that_it_had(host: Host) -> None:
    deploy(host)
    deploy(host, "2", slot_ports=PORTS)
    host.refused = {"/health/ready"}
    third = thing(host, "3", slot_ports=PORTS)
    before = third.observe()
    assert before
    with pytest.raises(HostError):
        third.apply(before)
    third.restore(before)
    assert third.observe() == before
    assert (on_ports(host, "blue"), on_ports(host, "green")) == (False, True)


def test_an_undo_of_a_run_by_an_older_program_knows_of_no_proxy(host: Host) -> None:
    deploy(host)
    second = thing(host, "2", slot_ports=PORTS)
    before = second.observe()
    assert before
    second.apply(before)
    for slot in before["slots"].values():
        del slot["proxy"]
    second.restore(before)
    assert not on_ports(host, "green")


def test_units_of_a_slot_that_were_edited_by_hand_are_replaced_by_a_switch(host: Host) -> None:
    deployed = deploy(host, slot_ports=PORTS)
    (host.root / "etc/blue/port.env").write_text("DHANMAN_SLOT_PORT=1\n")
    assert deployed.differs(deployed.observe()) == ["units of its socket and port were changed"]
    deployed.apply(deployed.observe())
    assert host.serving == f"/run/{SERVICE}-green/http.sock"
    deployed.finish()
    assert deployed.differs(deployed.observe()) == []


def test_a_process_without_its_socket_does_not_count_as_running(host: Host) -> None:
    deployed = deploy(host, slot_ports=PORTS)
    host.deaf = {f"{SERVICE}-proxy@blue.socket"}
    assert deployed.differs(deployed.observe()) == ["blue is without its socket"]
    deployed.apply(deployed.observe())
    assert host.steps[:2] == [f"stop {SERVICE}-proxy@blue.service", f"start {SERVICE}@blue.service"]
    assert deployed.differs(deployed.observe()) == []


def test_the_units_are_asked_for_at_once_and_belong_to_nobody_else(host: Host) -> None:
    deployed = deploy(host, slot_ports=PORTS)
    assert f"{SERVICE}-proxy@blue.socket" in deployed.units
    assert f"{SERVICE}-proxy@green.socket" not in deployed.units
    assert set(deployed.paths) >= set((deployed.observe() or {})["slots"]["blue"]["proxy"])


def test_taking_it_away_leaves_no_unit_of_a_slot(host: Host) -> None:
    origin = thing(host).observe()
    assert origin
    deploy(host, slot_ports=PORTS)
    deploy(host, "2", slot_ports=PORTS).restore(origin)
    assert host.running == set()
    assert not on_ports(host, "blue") and not on_ports(host, "green")
