"""Releases under load: whatever is deployed, refused, taken back or cut off, no request fails."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import rotate
from tests.acceptance.releasing import (
    FASTEST,
    URL,
    converged,
    deploy,
    release,
    running_slots,
    serving,
    under_load,
    versions,
)
from tests.acceptance.web_socket import WebSocket
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    """An environment whose gateway lets one client ask as often as it likes."""
    return fastest_world


def test_a_deploy_a_change_of_settings_and_a_rollback_by_version_fail_no_request(
    world: World, vegeta: Path
) -> None:
    first, second = release(world), release(world)
    deploy(world, first)
    with under_load(world, vegeta) as requests:
        deploy(world, second)
        assert serving(world) == second["version"]
        deploy(world, second | {"settings": {"Service": {"Greeting": "changed"}}})
        assert json.loads(world.ask(URL).body)["greeting"] == "changed"
        deploy(world, first)
        assert serving(world) == first["version"]
    assert versions(requests) == {first["version"], second["version"]}
    converged(world)


def _raises_when_it_is_asked(folder: Path) -> None:
    source = folder / "dhanman_sample/service.py"
    head = "    def _ready(self, request: Request) -> Response:\n"
    before, _, after = source.read_text().partition(head)
    assert after
    source.write_text(f'{before}{head}        raise RuntimeError("broken")\n{after}')


REFUSED: dict[str, tuple[Callable[[Path], object], dict[str, Any], str, bool]] = {
    "exits at once": (
        lambda folder: None,
        {"settings": {"Sample": {"ExitAtStart": True}}},
        "Sample:ExitAtStart is set",
        True,
    ),
    "never ready": (
        lambda folder: None,
        {"settings": {"Sample": {"StartDelaySeconds": 900}}, "readyTimeout": 4},
        "not within 4 s",
        True,
    ),
    "answers 500": (_raises_when_it_is_asked, {"readyTimeout": 4}, "GET /health/ready: RuntimeError", True),
    "no program": (
        lambda folder: (folder / "dhanman-sample").unlink(),
        {},
        "the artifact has no dhanman-sample",
        False,
    ),
    "another artifact than the settings name": (
        lambda folder: None,
        {"artifact": {"path": "samples/service", "sha256": "0" * 64}},
        "services/sales/artifact/sha256: is not that of samples/service",
        False,
    ),
    "settings are no JSON": (
        lambda folder: (folder / "appsettings.Local.json").write_text("{broken"),
        {},
        "appsettings.Local.json",
        False,
    ),
}


SLOW = tuple(why for why in REFUSED if why != "exits at once")
"""The first is in every run; tests/acceptance/test_changes.py has one that is never ready as well."""


@pytest.mark.parametrize(
    "why", [pytest.param(why, marks=pytest.mark.slow) if why in SLOW else why for why in REFUSED]
)
def test_a_refused_release_says_why_fails_no_request_and_the_next_good_one_serves(
    world: World, vegeta: Path, why: str
) -> None:
    change, more, reason, logged = REFUSED[why]
    old = serving(world)
    with under_load(world, vegeta) as requests:
        bad = release(world, change=change) | more
        said = deploy(world, bad, check=False)
        assert reason in said
        assert ("last lines of" in said) == logged
        assert "Traceback (most recent call last)" not in said
        assert serving(world) == old
        assert len(running_slots(world)) == 1
        good = release(world)
        deploy(world, good)
        assert serving(world) == good["version"]
    assert versions(requests) == {old, good["version"]}
    converged(world)


def test_a_long_request_and_a_web_socket_end_well_when_their_release_is_replaced(
    world: World, vegeta: Path
) -> None:
    old, new = release(world), release(world)
    deploy(world, old)
    slot = world.slot("sales")
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        answer = world.ask(f"{URL}/slow?seconds=15", "--request", "POST")
        answers.append((answer.status, answer.headers["x-instance"]))

    with under_load(world, vegeta), WebSocket(world) as socket:
        assert socket.instance.startswith(old["version"])
        assert socket.echo("before") == "before"
        request = threading.Thread(target=ask)
        request.start()
        deploy(world, new)
        limit = int(world.run(f"systemctl show {slot} -p TimeoutStopUSec --value").strip().removesuffix("s"))
        assert socket.close_code(limit) == 1001
        request.join()
        assert answers == [(200, f"{old['version']}/{slot.partition('@')[2].removesuffix('.service')}")]
        with WebSocket(world) as again:
            assert again.instance.startswith(new["version"])
            assert again.echo("after") == "after"
    assert world.run(f"systemctl show {slot} -p Result --value").strip() == "success"
    converged(world)


@pytest.mark.slow
def test_a_host_that_reboots_in_the_middle_of_a_swap_serves_from_one_slot_and_the_next_up_converges(
    world: World,
) -> None:
    old = release(world)
    deploy(world, old)
    idle = "green" if "@blue" in world.slot("sales") else "blue"
    new = release(world)
    # long enough for the reboot to come while the new slot runs and the old one serves
    world.configure(
        FASTEST | {"services": {"sales": new | {"settings": {"Sample": {"StartDelaySeconds": 30}}}}}
    )
    swap = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    started = f"until systemctl is-active --quiet dhanman-sales-local@{idle}; do sleep 0.1; done"
    world.host.exec(f"timeout 120 sh -c '{started}'")
    world.host.reboot()
    said, _ = swap.communicate(timeout=300)
    assert swap.returncode != 0, said
    answers = "curl -sfk --resolve sales.dhanman.test:443:127.0.0.1 https://sales.dhanman.test/health"
    world.host.exec(f"timeout 120 sh -c 'until {answers}; do sleep 0.2; done'")
    assert serving(world) == old["version"]
    assert running_slots(world) == [world.slot("sales")]
    deploy(world, new)
    assert serving(world) == new["version"]
    converged(world)


@pytest.mark.slow
@pytest.mark.parametrize("secret", ["postgres", "rabbitmq"])
def test_a_rotation_fails_no_request(world: World, vegeta: Path, secret: str) -> None:
    world.configure(FASTEST)
    world.up()
    cli = rotate.Cli(
        command=(str(world.cli), "--non-interactive"), project=world.project, environment=world.environment
    )
    before = world.slot("sales")
    with under_load(world, vegeta):
        assert rotate.rotate(cli, secret, STACK, ("--yes", "--skip-preview")) == 0
    assert world.slot("sales") != before
    converged(world)


def test_the_load_sees_the_failures_of_a_restart(world: World, vegeta: Path) -> None:
    """The control: what every test here counts is there to be counted."""
    # three, so that there is load enough to count on a machine that restarts a service in half a second
    restarts = "for n in 1 2 3; do systemctl restart dhanman-sales-local.service; done"
    with pytest.raises(AssertionError, match="502"), under_load(world, vegeta):
        subprocess.run([*world.host.ssh_command(), restarts], check=True, timeout=90)
    converged(world)
