"""The run itself is broken off: by a signal, by a reboot of the host, by another run."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.world import STACK, World
from tests.faults.conditions import (
    assert_converges,
    assert_nothing_half_done,
    assert_serves,
    assert_tells,
)
from tests.faults.hold import JOURNAL, body_size, held, let_go, served_body_size, start_up

pytestmark = pytest.mark.host


@pytest.mark.slow
def test_a_host_that_is_rebooted_in_the_middle_serves_again_and_the_next_run_goes_on_from_the_journal(
    world: World,
) -> None:
    with held(world, body_size(41)) as run:
        world.host.reboot()
        said, _ = run.communicate(timeout=180)
    assert run.returncode != 0
    assert_tells(said, "gateway-nginx", "without exit status")
    assert_serves(world)
    assert world.host.exec(f"test -e {JOURNAL}").returncode == 0
    assert "reload nginx.service" in assert_converges(world)
    assert served_body_size(world) == 41


def test_a_run_that_is_killed_leaves_a_lock_that_cancel_opens_and_nothing_half_done(world: World) -> None:
    with held(world, body_size(42)) as run:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        said = world.up(check=False)
        assert_tells(said, "the stack is currently locked by 1 lock(s)", "pulumi cancel")
        assert_serves(world)
        world.pulumi("cancel", "--stack", STACK, "--yes")
        # the unit of before is still at work on the host: the next run waits for it
        second = start_up(world)
        world.wait_for("grep -q -e '-> FLOCK' /proc/locks", 60)
        let_go(world)
        said, _ = second.communicate(timeout=60)
        assert second.returncode == 0, said
    assert_tells(said, "waiting for deploy from", "gateway-local: unchanged")
    assert served_body_size(world) == 42
    assert_converges(world)


@pytest.mark.slow
def test_a_run_that_is_interrupted_ends_with_the_unit_that_it_was_at(world: World) -> None:
    with held(world, body_size(43) | {"postgres": {"workMem": "9MiB"}}) as run:
        os.killpg(run.pid, signal.SIGINT)
        assert run.stdout is not None
        heard = next(line for line in run.stdout if "cancel" in line.lower())
        let_go(world)
        said, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert_tells(heard + said, "gateway-nginx", "cancel")
    assert_nothing_half_done(world)
    assert_serves(world)
    # no lock, no pending operation: the next run just goes on
    assert "pending" not in assert_converges(world)
    assert served_body_size(world) == 43


@pytest.mark.slow
def test_the_second_of_two_runs_of_one_stack_is_refused_with_who_holds_it(world: World) -> None:
    with held(world, body_size(44)) as run:
        said = world.up(check=False)
        assert_tells(said, "the stack is currently locked by 1 lock(s)", "pulumi cancel", f"pid {run.pid}")
        let_go(world)
        first, _ = run.communicate(timeout=60)
        assert run.returncode == 0, first
    assert_converges(world)


@pytest.mark.slow
def test_of_two_runs_with_states_of_their_own_the_second_waits_for_the_unit(
    world: World, tmp_path: Path
) -> None:
    other = _of_another_operator(world, tmp_path)
    with held(world, body_size(45)) as run:
        other.configure(body_size(46))
        second = start_up(other)
        world.wait_for("grep -q -e '-> FLOCK' /proc/locks", 60)
        let_go(world)
        said = [each.communicate(timeout=60)[0] for each in (run, second)]
        assert (run.returncode, second.returncode) == (0, 0), "\n".join(said)
    assert_tells(said[1], "waiting for deploy from")
    assert served_body_size(world) == 46
    assert_nothing_half_done(world)
    assert_serves(world)


def _of_another_operator(world: World, folder: Path) -> World:
    shutil.copytree(world.project.parent, folder / "other", symlinks=True)
    return replace(world, project=folder / "other/project", outputs=[])
