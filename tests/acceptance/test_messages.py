"""What services hand to the broker outlives it, and what no service can handle finds its place."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

PROGRAM = Path(__file__).with_name("messages_on_host.py")
COUNT = 10_000
KILLS = 5
READY = "timeout 90 sh -c 'until rabbitmqctl --quiet await_startup --timeout 5; do sleep 0.2; done' >/dev/null 2>&1"
"""systemd starts it again by itself."""


@pytest.fixture(scope="module")
def url(world: World) -> str:
    """How a service of the environment logs in."""
    password = world.secrets()["rabbitmq-password"]
    return f"amqp://dhanman_a:{quote(password, safe='')}@127.0.0.1:5672/{STACK}?heartbeat=10"


@pytest.fixture
def start(world: World, url: str) -> Callable[..., subprocess.Popen[str]]:
    """Starts the program on the host; the address, with its password, lies beside it in a file for root alone."""
    world.host.run(["tee", "/root/messages.py"], input=PROGRAM.read_text())
    world.host.run("umask 077; cat > /root/broker-url", input=url)

    def run(verb: str, *more: str) -> subprocess.Popen[str]:
        command = f"timeout 300 python3 /root/messages.py {verb} {' '.join(more)}"
        return subprocess.Popen(
            [*world.host.ssh_command(), command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    return run


def result(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate("enough\n", timeout=300)
    found = re.search(r"^result (.*)$", said, re.MULTILINE)
    assert found, said
    return found[1]


@pytest.mark.slow
def test_no_confirmed_message_is_lost_though_the_broker_is_killed_again_and_again(
    world: World, start: Callable[..., subprocess.Popen[str]]
) -> None:
    publishing = start("publish", str(COUNT))
    assert publishing.stdout is not None
    assert publishing.stdout.readline() == "publishing\n"
    for _ in range(KILLS):
        time.sleep(2)  # so that each kill meets messages under way
        if publishing.poll() is not None:
            pytest.fail(f"the publisher ended by itself: {publishing.stdout.read()}")
        world.run("systemctl kill --signal=KILL --kill-whom=all rabbitmq-server.service")
        world.run(READY)
    assert result(publishing) == "[]"


def test_a_message_that_always_fails_goes_to_the_dead_letters_after_its_limit(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    times, left = re.fullmatch(r"\((\d+), '(.*)'\)", result(start("poison"))).groups()  # type: ignore[union-attr]
    assert left == "poison"
    assert int(times) == 21, "delivered once, and redelivered as often as the limit says"
