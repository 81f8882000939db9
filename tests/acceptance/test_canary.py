"""A new version on trial: it gets a share of real requests, and NGINX's log decides whether it stays."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.load import Request, Target, load
from tests.acceptance.releasing import NUMBERS, URL, converged, deploy, release, serving, versions
from tests.acceptance.world import World

pytestmark = pytest.mark.host

RATE = 150
CANARY = {"share": "20%", "duration": 12, "minRequests": 60}


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    return fastest_world


def tried(world: World, sales: dict[str, Any], **terms: Any) -> dict[str, Any]:
    return sales | {"canary": CANARY | terms}


def asked(
    world: World, vegeta: Path, sales: dict[str, Any], *, check: bool = True
) -> tuple[str, list[Request]]:
    """Deploy under a load of POST requests; what ``up`` said, and all requests."""
    world.ask(f"{URL}/health")
    target = Target(
        url=f"{URL}/echo", address=world.host.address, certificate=world.project / ".local/ca.crt"
    )
    with load(vegeta, target, world.project.parent / f"load-{next(NUMBERS)}", rate=RATE) as requests:
        said = deploy(world, sales, check=check)
    return said, requests


def answers_of(requests: list[Request], sales: dict[str, Any]) -> Counter[int]:
    """How often each status was answered by this version."""
    return Counter(r.status for r in requests if r.instance.startswith(f"{sales['version']}/"))


def _in_echo(line: str) -> Callable[[Path], object]:
    """A change of the sample: what its endpoint for POST does first."""

    def change(folder: Path) -> None:
        source = folder / "dhanman_sample/service.py"
        head = "    def _echo(self, request: Request) -> Response:\n"
        before, _, after = source.read_text().partition(head)
        assert after
        source.write_text(f"{before}{head}        {line}\n{after}")

    return change


@pytest.mark.slow
def test_a_good_version_gets_its_share_for_its_time_and_then_all(world: World, vegeta: Path) -> None:
    old, new = tried(world, release(world)), tried(world, release(world))
    deploy(world, old)
    said, requests = asked(world, vegeta, new)
    assert serving(world) == new["version"]
    assert not [r for r in requests if r.failed]
    numbers = re.search(r"canary: new: (\d+) requests, 0% failed, p95 \d+ ms; old: (\d+) requests", said)
    assert numbers, said
    tried_on, others = map(int, numbers.groups())
    assert 0.15 < tried_on / (tried_on + others) < 0.25
    assert re.search(r"canary, 1\d of 12 s: new:", said)
    log = world.run("tail -n 1 /var/log/dhanman/local/deploys.log")
    assert '"result": "serves"' in log and f'"canary": "new: {tried_on} requests' in log
    converged(world)


def test_a_version_that_fails_requests_is_taken_back_before_its_time_is_over(
    world: World, vegeta: Path
) -> None:
    old = tried(world, release(world))
    deploy(world, old)
    bad = tried(world, release(world, change=_in_echo('raise RuntimeError("broken")')), duration=120)
    said, requests = asked(world, vegeta, bad, check=False)
    assert re.search(r"the canary was refused after \d+ s: [\d.]+% of its requests failed", said), said
    assert "now: the previous state was put back" in said
    assert serving(world) == old["version"]
    assert 0 < answers_of(requests, bad)[500] < 150, "those few that showed it, of thousands"
    assert answers_of(requests, old).keys() == {200}
    converged(world)


@pytest.mark.slow
def test_a_version_that_is_slower_than_allowed_is_taken_back_when_its_time_is_over(
    world: World, vegeta: Path
) -> None:
    old = tried(world, release(world))
    deploy(world, old)
    slow = tried(world, release(world, change=_in_echo("time.sleep(0.4)")))
    said, requests = asked(world, vegeta, slow, check=False)
    assert re.search(
        r"refused after 1\d s: 95 of 100 requests took up to [4-9]\d\d ms, with the old one \d+ ms", said
    ), said
    assert serving(world) == old["version"]
    assert not [r for r in requests if r.failed]
    converged(world)


@pytest.mark.slow
def test_a_version_whose_process_ends_costs_no_request_that_had_not_reached_it(
    world: World, vegeta: Path
) -> None:
    old = tried(world, release(world))
    deploy(world, old)
    new = tried(world, release(world), duration=60)
    idle = "green" if "@blue" in world.slot("sales") else "blue"
    ended = threading.Event()

    def end_it() -> None:
        there = (
            f"$(readlink /run/dhanman/local/sales-canary.sock) = /run/dhanman-sales-local-{idle}/http.sock"
        )
        world.host.exec(f"timeout 90 bash -c 'until [ {there} ]; do sleep 0.2; done; sleep 3'")
        world.host.exec(f"systemctl kill --signal=KILL dhanman-sales-local@{idle}.service")
        ended.set()

    thread = threading.Thread(target=end_it)
    thread.start()
    said, requests = asked(world, vegeta, new, check=False)
    thread.join()
    assert ended.is_set()
    assert "its process has ended" in said
    failed = [r for r in requests if r.failed]
    assert len(failed) <= 10, f"only what was under way: {failed}"
    assert serving(world) == old["version"]
    converged(world)


@pytest.mark.slow
def test_the_way_back_and_other_settings_are_not_tried(world: World, vegeta: Path) -> None:
    old, new = tried(world, release(world)), tried(world, release(world))
    deploy(world, old)
    _, requests = asked(world, vegeta, new)
    said, more = asked(world, vegeta, new | {"settings": {"Service": {"Greeting": "changed"}}})
    assert "canary" not in said
    said, back = asked(world, vegeta, old)
    assert "canary" not in said
    assert serving(world) == old["version"]
    assert not [r for r in (*requests, *more, *back) if r.failed]
    assert versions(back) == {old["version"], new["version"]}
    converged(world)


@pytest.mark.slow
def test_without_requests_enough_it_serves_and_the_output_says_that_times_were_not_compared(
    world: World,
) -> None:
    deploy(world, tried(world, release(world)))
    new = tried(world, release(world), duration=10)
    assert "new: no requests; old: no requests (fewer than 60 requests each" in deploy(world, new)
    assert serving(world) == new["version"]


@pytest.mark.slow
def test_a_service_without_a_canary_any_more_has_no_second_link(world: World) -> None:
    sales = release(world)
    deploy(world, sales)
    assert world.run("ls /run/dhanman/local/ | grep canary || true") == ""
    converged(world)
