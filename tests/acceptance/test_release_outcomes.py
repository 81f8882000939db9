"""How releases end: too slow, cut off after the switch, taken back; and what is written down of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from doctor.pulumi_cli import Cli
from scripts.status import show
from testbed.network import machine_address
from testbed.paths import Clone
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
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

HOLD = "/var/lib/dhanman-sales-local/hold"
LOG = "/var/log/dhanman/local/deploys.log"
HOSTCTL = "/usr/local/lib/dhanman/hostctl"


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    """An environment that is as it was afterwards."""
    return fastest_world


def _begins(folder: Path, endpoint: str, *lines: str) -> None:
    """Let the sample's ``endpoint`` begin with these lines."""
    source = folder / "dhanman_sample/service.py"
    head = re.search(rf"    def {endpoint}\(.*\) -> Response:\n", source.read_text())
    assert head
    source.write_text(source.read_text().replace(head[0], head[0] + "".join(f"        {x}\n" for x in lines)))


def answers_after_seven_seconds(folder: Path) -> None:
    _begins(folder, "_startup", "time.sleep(7)")


def unwell_while_held(folder: Path) -> None:
    """Ready in its slot, and not well on the document's port: the transaction waits there, after the switch."""
    unwell = 'return as_json({"status": _UNHEALTHY}, HTTPStatus.SERVICE_UNAVAILABLE)'
    _begins(folder, "_health", f'if os.path.exists("{HOLD}"):', f"    {unwell}")


SLOW: dict[str, tuple[Callable[[Path], object], dict[str, Any], tuple[str, ...]]] = {
    "ready after its limit": (
        lambda folder: None,
        {"settings": {"Sample": {"StartDelaySeconds": 9}}, "readyTimeout": 4},
        ("error: not within 4 s: ", "/health/startup", "status 503: ", "s left"),
    ),
    "answers that take longer than one may": (
        answers_after_seven_seconds,
        {"readyTimeout": 12},
        ("error: not within 12 s: ", "/health/startup", "no answer within 5 s"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", SLOW)
def test_a_slow_release_is_refused_in_words_that_say_so_and_fails_no_request(
    world: World, vegeta: Path, how: str
) -> None:
    change, more, words = SLOW[how]
    old = release(world)
    deploy(world, old)
    with under_load(world, vegeta) as requests:
        slow = release(world, change=change) | more
        said = deploy(world, slow, check=False)
        assert [word for word in words if word not in said] == []
        assert (
            "next: correct the cause, or raise readyTimeout if it only takes longer, then pulumi up" in said
        )
        assert "now: the previous state was put back" in said
        assert serving(world) == old["version"]
        assert len(running_slots(world)) == 1
        if how == "ready after its limit":
            deploy(world, slow | {"readyTimeout": 40})
        else:
            slow = release(world)
            deploy(world, slow)
        assert serving(world) == slow["version"]
    assert versions(requests) == {old["version"], slow["version"]}
    converged(world)


@pytest.mark.slow
@pytest.mark.parametrize("then", ["the same release", "another one, which is refused"])
def test_a_power_cut_after_the_switch_leaves_the_new_release_serving_and_the_next_up_goes_on_from_there(
    world: World, then: str
) -> None:
    old, new = release(world), release(world, change=unwell_while_held)
    deploy(world, old)
    former = world.slot("sales")
    world.run(f"touch {HOLD}")
    world.configure(FASTEST | {"services": {"sales": new}})
    swap = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    switched = f"readlink /opt/dhanman/local/sales/current | grep -qx '.*/{new['version']}'"
    world.host.exec(f"timeout 120 sh -c 'until {switched}; do sleep 0.02; done'")
    world.host.reboot()
    world.host.exec(f"rm {HOLD}")
    said, _ = swap.communicate(timeout=300)
    assert swap.returncode != 0, said

    answers = "curl -sfk --resolve sales.dhanman.test:443:127.0.0.1 https://sales.dhanman.test/health/ready"
    world.host.exec(f"timeout 120 sh -c 'until {answers}; do sleep 0.2; done'")
    assert serving(world) == new["version"]
    assert world.slot("sales") != former
    assert running_slots(world) == [world.slot("sales")]
    assert "a run was broken off" in world.drift()

    if then == "the same release":
        deploy(world, new)
        assert serving(world) == new["version"]
    else:
        bad = release(world) | {"settings": {"Sample": {"ExitAtStart": True}}}
        said = deploy(world, bad, check=False)
        assert "Sample:ExitAtStart is set" in said
        assert "now: the previous state was put back" in said
        # the state before the run that was cut off: its slot had been filled with the refused release meanwhile
        assert serving(world) == old["version"]
        assert running_slots(world) == [former]
        new = release(world)
        deploy(world, new)
        assert serving(world) == new["version"]
    assert world.run("ls /var/lib/dhanman/journals") == ""
    converged(world)


def test_every_outcome_is_a_line_of_the_log_and_the_status_tells_of_each_service(
    world: World, vegeta: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = release(world), release(world)
    deploy(world, first)
    known = len(world.run(f"cat {LOG}").splitlines())
    with under_load(world, vegeta):
        deploy(world, second)
        refused = release(world) | {"settings": {"Sample": {"ExitAtStart": True}}}
        deploy(world, refused, check=False)
        deploy(world, first)
        world.run(f"{HOSTCTL} rollback dhanman-sales-local")
        deploy(world, second)
        assert serving(world) == second["version"]
    unwell = release(world, change=unwell_while_held)
    world.run(f"touch {HOLD}")
    said = deploy(world, unwell, check=False)
    world.run(f"rm {HOLD}")
    assert "not within 10 s: port 5206 answers 200 on /health" in said
    assert serving(world) == second["version"]

    written = [json.loads(line) for line in world.run(f"cat {LOG}").splitlines()]
    entries = written[known:]
    one, two, three, four = (x["version"] for x in (first, second, refused, unwell))
    assert [(e["what"], e["from"], e["to"], e["result"]) for e in entries] == [
        ("deploy", one, two, "serves"),
        ("deploy", two, three, "refused"),
        ("deploy", two, one, "serves"),
        ("rollback", one, two, "serves"),
        ("deploy", two, four, "serves"),
        ("undo", four, two, "taken back"),
    ]
    machine = machine_address(Clone.current())
    people = {"rollback": f"testbed from {machine}"}
    for entry in entries:
        assert entry["service"] == "dhanman-sales-local"
        assert entry["who"] == people.get(entry["what"], f"deploy from {machine}")
        assert abs((datetime.now().astimezone() - datetime.fromisoformat(entry["at"])).total_seconds()) < 600
        assert entry["slot"] in ("blue", "green")
        assert 0 < entry["seconds"] < 60
    assert "has ended after" in entries[1]["reason"]

    deploy(world, second)
    cli = Cli(program=world.cli, project=world.project, environment=world.environment)
    assert show(cli, STACK) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert re.split(r"\s{2,}", head.strip()) == [
        "SERVICE", "VERSION", "SLOT", "UP", "MEMORY", "HEALTH", "LAST DEPLOYMENT",
    ]  # fmt: skip
    cells = {row.split()[0]: re.split(r"\s{2,}", row.strip()) for row in rows}
    assert len(cells) == 6
    for service, (_, version, slot, age, memory, health, last) in cells.items():
        assert version == (two if service == "dhanman-sales-local" else "1.1.0")
        assert slot == world.slot(service.split("-")[1]).partition("@")[2].removesuffix(".service")
        assert re.fullmatch(r"\d+ (s|min|h \d+ min)", age)
        assert re.fullmatch(r"\d+ MiB", memory), memory
        assert health == "ready"
        assert re.match(rf"\d{{4}}-\S+ deploy from {re.escape(machine)}: ", last)
    assert f"{four} -> {two} taken back in " in cells["dhanman-sales-local"][-1]
    # others may have deployed it on this host before: what the log has last
    last = [entry for entry in written if entry["service"] == "dhanman-common-local"][-1]
    assert cells["dhanman-common-local"][-1] == (
        f"{last['at']} deploy from {machine}: {last['from'] or 'nothing'} -> 1.1.0 serves in {last['seconds']} s"
    )
    assert world.ask(f"{URL}/health").status == 200
    converged(world)
