"""The connection to the host breaks, or was never the right one."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.world import World
from tests.faults.conditions import (
    assert_converges,
    assert_nothing_half_done,
    assert_serves,
    assert_tells,
)
from tests.faults.hold import JOURNAL, body_size, held, let_go, served_body_size

pytestmark = pytest.mark.host

BROKEN = "remote command exited without exit status"
SSHD = "/etc/ssh/sshd_config.d/00-a-fault.conf"
KEY = "/etc/ssh/ssh_host_ed25519_key"


def test_a_session_that_is_killed_fails_the_run_while_the_host_ends_its_transaction(world: World) -> None:
    with held(world, body_size(33)) as run:
        world.host.exec("pkill -KILL -u deploy -f 'sshd.*deploy'")
        said, _ = run.communicate(timeout=60)
        assert run.returncode != 0
        assert_tells(said, "gateway-nginx", BROKEN)
        assert_serves(world)
        let_go(world)
        world.wait_for(f"test ! -e {JOURNAL}", 30)
    assert served_body_size(world) == 33
    assert_nothing_half_done(world)
    assert "gateway-local: unchanged" in assert_converges(world)


@pytest.mark.slow
def test_a_run_outlives_a_network_that_is_away_for_a_minute(world: World) -> None:
    with held(world, body_size(34)) as run:
        world.host.cut()
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(60)
        world.host.mend()
        let_go(world)
        said, _ = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert served_body_size(world) == 34
    assert_converges(world)


@pytest.mark.slow
def test_a_network_that_stays_away_ends_the_run_and_the_host_ends_its_transaction(world: World) -> None:
    with held(world, body_size(35)) as run:
        world.host.cut()
        let_go(world)
        world.wait_for(f"test ! -e {JOURNAL}", 30)
        said, _ = run.communicate(timeout=180)
        world.host.mend()
    assert run.returncode != 0
    assert_tells(said, "gateway-nginx", BROKEN)
    assert served_body_size(world) == 35
    assert_nothing_half_done(world)
    assert "gateway-local: unchanged" in assert_converges(world)


def test_a_host_with_another_key_is_sent_nothing(world: World) -> None:
    before = world.connections()
    world.host.exec(f"cp -a {KEY} /run/own-key && cp -a {KEY}.pub /run/own-key.pub")
    world.host.exec(f"rm {KEY} && ssh-keygen -q -t ed25519 -N '' -f {KEY} && systemctl reload ssh")
    try:
        world.configure(body_size(36))
        start = time.monotonic()
        said = world.up(check=False)
        assert time.monotonic() - start < 60
        assert_tells(said, "gateway-nginx", "host key mismatch", "find out why before you change hostKey")
        assert world.connections() == before
        assert_nothing_half_done(world)
    finally:
        world.host.exec(f"mv /run/own-key {KEY} && mv /run/own-key.pub {KEY}.pub && systemctl reload ssh")
    assert_converges(world)


def test_an_sshd_that_refuses_the_third_login_at_once_is_enough_for_a_whole_run(
    world: World, tmp_path: Path
) -> None:
    world.host.exec(f"echo 'MaxStartups 1:30:3' > {SSHD} && systemctl reload ssh")
    try:
        assert "maxstartups 1:30:3" in world.host.exec("sshd -T").stdout.lower()
        # the connection is part of each resource: with another text of the same key every unit runs again, at once
        same_key = tmp_path / "key"
        same_key.write_text(f"{world.host.private_key_file.read_text()}\n")
        same_key.chmod(0o600)
        world.configure({"ssh": {"privateKeyFile": str(same_key)}})
        # logins that take as long as over an ordinary line
        world.host.latency(60)
        before = world.connections()
        world.up()
        assert world.connections() - before >= 20
    finally:
        world.host.latency(0)
        world.host.exec(f"rm -f {SSHD} && systemctl reload ssh")
    assert_converges(world)
