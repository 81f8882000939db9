"""Releases of a service that can listen on a port only: as the others, no request fails, and nothing is left behind."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.releasing import (
    FASTEST,
    URL,
    deploy,
    release,
    running_slots,
    serving,
    under_load,
    versions,
)
from tests.acceptance.releasing import converged as one_slot_without_drift
from tests.acceptance.web_socket import WebSocket
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

PORTS = {"blue": 6006, "green": 7006}
ON_PORTS: dict[str, Any] = {"slotPorts": PORTS}
BASE = "dhanman-sales-local"
HEALTH = "curl -sfk --resolve sales.dhanman.test:443:127.0.0.1 https://sales.dhanman.test/health"


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    """An environment whose service sales gets to listen on ports."""
    return fastest_world


def slot_of(world: World) -> str:
    """``blue`` or ``green``: the slot that serves."""
    return world.slot("sales").partition("@")[2].removesuffix(".service")


def other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


def listeners(world: World) -> set[int]:
    """Those of both ports that something listens on, on any address."""
    shown = world.run("ss --listening --tcp --numeric --no-header")
    addresses = [line.split()[3] for line in shown.splitlines()]
    found = [a for a in addresses if int(a.rpartition(":")[2]) in PORTS.values()]
    assert all(a.startswith("127.0.0.1:") for a in found), found
    return {int(a.rpartition(":")[2]) for a in found}


def converged(world: World, *, on_ports: bool = True) -> None:
    """No drift, one slot, and of the other one no process, no socket and no open port."""
    slot = slot_of(world)
    idle = other(slot)
    units = f"{BASE}@{idle}.service {BASE}-proxy@{idle}.service {BASE}-proxy@{idle}.socket"
    world.wait_for(f"! systemctl is-active --quiet {units} && ! test -e /run/{BASE}-{idle}", 60)
    one_slot_without_drift(world)
    assert world.run("ls -d /run/dhanman-sales-*").split() == [f"/run/{BASE}-{slot}"]
    assert world.run(f"systemctl list-units --plain --no-legend --failed '{BASE}*'") == ""
    proxies = world.run(f"systemctl list-units --plain --no-legend '{BASE}-proxy@*'").splitlines()
    names = sorted(line.split()[0] for line in proxies)
    if on_ports:
        assert listeners(world) == {PORTS[slot]}
        assert names == [f"{BASE}-proxy@{slot}.service", f"{BASE}-proxy@{slot}.socket"]
        socket = world.run(f"stat --format '%A %U %G' /run/{BASE}-{slot}/http.sock").split()
        assert socket == ["srw-rw----", "root", "www-data"]
    else:
        assert listeners(world) == set()
        assert names == []


def test_a_deploy_a_change_of_settings_and_a_rollback_by_version_fail_no_request(
    world: World, vegeta: Path
) -> None:
    first, second = release(world) | ON_PORTS, release(world) | ON_PORTS
    deploy(world, first)
    with under_load(world, vegeta) as requests:
        deploy(world, second)
        assert serving(world) == second["version"]
        deploy(world, second | {"settings": {"Service": {"Greeting": "changed"}}})
        assert json.loads(world.ask(URL).body)["greeting"] == "changed"
        deploy(world, first)
        assert serving(world) == first["version"]
    assert versions(requests) == {first["version"], second["version"]}
    assert world.preview() == []
    converged(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"settings": {"Sample": {"ExitAtStart": True}}}, "Sample:ExitAtStart is set"),
        ({"settings": {"Sample": {"StartDelaySeconds": 900}}, "readyTimeout": 4}, "not within 4 s"),
    ],
)
def test_a_refused_release_says_why_fails_no_request_and_the_next_good_one_serves(
    world: World, vegeta: Path, broken: dict[str, Any], reason: str
) -> None:
    old = release(world) | ON_PORTS
    deploy(world, old)
    with under_load(world, vegeta) as requests:
        assert reason in deploy(world, release(world) | ON_PORTS | broken, check=False)
        assert serving(world) == old["version"]
        good = release(world) | ON_PORTS
        deploy(world, good)
    assert versions(requests) == {old["version"], good["version"]}
    converged(world)


@pytest.mark.slow
def test_a_port_that_is_taken_is_a_refusal_that_names_it(world: World, vegeta: Path) -> None:
    old, new = release(world) | ON_PORTS, release(world) | ON_PORTS
    deploy(world, old)
    port = PORTS[other(slot_of(world))]
    world.run(f"systemd-run --collect --unit=taken python3 -m http.server --bind 127.0.0.1 {port}")
    world.wait_for(f"curl -s -o /dev/null http://127.0.0.1:{port}/", 60)
    try:
        with under_load(world, vegeta):
            said = deploy(world, new, check=False)
        assert f"http://127.0.0.1:{port}: Address already in use" in said
        assert serving(world) == old["version"]
    finally:
        world.run("systemctl stop taken.service")
    deploy(world, new)
    converged(world)


@pytest.mark.slow
def test_a_service_goes_from_sockets_to_ports_and_back_by_ordinary_deployments(
    world: World, vegeta: Path
) -> None:
    on_socket = release(world)
    deploy(world, on_socket)
    converged(world, on_ports=False)
    with under_load(world, vegeta):
        deploy(world, on_socket | ON_PORTS)
        converged(world)
        deploy(world, on_socket)
        converged(world, on_ports=False)
        # refused in the other form: the old one goes on in its own
        broken = {"settings": {"Sample": {"StartDelaySeconds": 900}}, "readyTimeout": 3}
        deploy(world, on_socket | ON_PORTS | broken, check=False)
        deploy(world, on_socket)
        converged(world, on_ports=False)
        deploy(world, on_socket | ON_PORTS)
        deploy(world, on_socket | broken, check=False)
        deploy(world, on_socket | ON_PORTS)
        converged(world)
    leftovers = world.run(f"ls -d /etc/systemd/system/{BASE}*proxy* /etc/systemd/system/{BASE}@*.d").split()
    assert {Path(path).name.partition("@")[2].partition(".")[0] for path in leftovers} == {
        "wanted",
        slot_of(world),
    }


@pytest.mark.slow
def test_a_rollback_on_the_host_brings_back_the_form_that_the_slot_had(world: World, vegeta: Path) -> None:
    on_socket = release(world)
    deploy(world, on_socket)
    deploy(world, release(world) | ON_PORTS)
    with under_load(world, vegeta):
        world.run(f"/usr/local/lib/dhanman/hostctl rollback {BASE}")
        assert serving(world) == on_socket["version"]
        assert world.run(f"systemctl show {world.slot('sales')} -p RuntimeDirectory --value").strip()
        assert [text for text in world.drift() if "limits and options of its process" in text]
        deploy(world, on_socket | ON_PORTS)
    converged(world)


@pytest.mark.slow
def test_a_changed_port_moves_the_service_and_the_old_slot_ends_on_its_own(
    world: World, vegeta: Path
) -> None:
    current = release(world) | ON_PORTS
    deploy(world, current)
    with under_load(world, vegeta):
        moved = {"blue": 6007, "green": 7007}
        deploy(world, current | {"slotPorts": moved})
        port = moved[slot_of(world)]
        assert f" 127.0.0.1:{port} " in world.run("ss --listening --tcp --numeric --no-header")
        deploy(world, current)
    converged(world)


@pytest.mark.slow
def test_a_long_request_and_a_web_socket_end_well_when_their_release_is_replaced(
    world: World, vegeta: Path
) -> None:
    old, new = release(world) | ON_PORTS, release(world) | ON_PORTS
    deploy(world, old)
    slot = world.slot("sales")
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        answer = world.ask(f"{URL}/slow?seconds=15", "--request", "POST")
        # the sample knows its slot by its socket alone
        answers.append((answer.status, answer.headers["x-instance"].partition("/")[0]))

    with under_load(world, vegeta), WebSocket(world) as socket:
        assert socket.echo("before") == "before"
        request = threading.Thread(target=ask)
        request.start()
        deploy(world, new)
        assert socket.close_code(35) == 1001
        request.join()
        assert answers == [(200, old["version"])]
    assert world.run(f"systemctl show {slot} -p Result --value").strip() == "success"
    converged(world)


@pytest.mark.slow
def test_more_requests_at_once_than_the_proxy_s_own_default_are_answered(world: World) -> None:
    deploy(world, release(world) | ON_PORTS)
    path = f"/run/{BASE}-{slot_of(world)}/http.sock"
    ask = f"curl -s -o /dev/null -w %{{http_code}}.. --unix-socket {path} -X POST http://x/slow?seconds=5"
    said = world.run(f"for n in $(seq 300); do {ask} & done; wait")
    assert said == "200.." * 300


@pytest.mark.slow
def test_a_process_that_dies_is_started_again_behind_the_same_socket(world: World) -> None:
    deploy(world, release(world) | ON_PORTS)
    slot = world.slot("sales")
    before = world.run(f"systemctl show {slot} -p MainPID --value")
    world.run(f"systemctl kill --signal=KILL --kill-whom=main {slot}")
    world.wait_for(HEALTH, 60)
    assert world.run(f"systemctl show {slot} -p MainPID --value") != before
    converged(world)


@pytest.mark.slow
def test_people_stop_start_and_restart_the_service_by_its_name(world: World) -> None:
    deploy(world, release(world) | ON_PORTS)
    slot = slot_of(world)
    world.run(f"systemctl stop {BASE}.service")
    world.wait_for(f"! test -e /run/{BASE}-{slot}", 60)
    assert listeners(world) == set()
    world.run(f"systemctl start {BASE}.service")
    world.wait_for(HEALTH, 60)
    world.run(f"systemctl restart {BASE}.service")
    world.wait_for(HEALTH, 60)
    converged(world)


@pytest.mark.slow
def test_a_socket_that_was_stopped_alone_and_a_unit_that_was_edited_are_drift_and_mended(
    world: World,
) -> None:
    current = release(world) | ON_PORTS
    deploy(world, current)
    socket = f"{BASE}-proxy@{slot_of(world)}.socket"
    world.run(f"systemctl stop --job-mode=ignore-dependencies {socket}")
    assert [text for text in world.drift() if "without its socket" in text]
    deploy(world, current)
    converged(world)
    before = slot_of(world)
    world.run(f"sed -i s/0660/0666/ /etc/systemd/system/{BASE}-proxy@{before}.socket")
    assert [text for text in world.drift() if "units of its socket and port were changed" in text]
    deploy(world, current)
    assert slot_of(world) != before
    converged(world)


@pytest.mark.slow
def test_a_host_that_reboots_in_the_middle_of_a_swap_serves_from_one_slot_and_the_next_up_converges(
    world: World,
) -> None:
    old = release(world) | ON_PORTS
    deploy(world, old)
    idle = other(slot_of(world))
    new = release(world) | ON_PORTS
    world.configure(
        FASTEST | {"services": {"sales": new | {"settings": {"Sample": {"StartDelaySeconds": 30}}}}}
    )
    swap = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    world.wait_for(f"systemctl is-active --quiet {BASE}@{idle}", 120)
    world.host.reboot()
    said, _ = swap.communicate(timeout=300)
    assert swap.returncode != 0, said
    world.wait_for(HEALTH, 120)
    assert serving(world) == old["version"]
    assert running_slots(world) == [world.slot("sales")]
    deploy(world, new)
    assert serving(world) == new["version"]
    converged(world)


@pytest.mark.slow
def test_a_service_that_is_taken_out_leaves_no_unit_of_its_slots(converged_world: ConvergedWorld) -> None:
    world = converged_world("ports", FASTEST | {"services": {"sales": ON_PORTS}})
    deploy(world, release(world) | ON_PORTS)
    world.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    assert world.run(f"ls -d /etc/systemd/system/{BASE}* /run/dhanman-sales-*", check=False) == ""
    assert listeners(world) == set()
