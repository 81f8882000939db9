"""The reboot in the host's window: it happens when nobody is at work, and says who was."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from hostctl import rebooting
from hostctl.store import Store
from tests.hostctl.tools import Tools

LISTED = "systemctl list-units --plain --no-legend --state=activating dhanman-*.service apt-daily*.service pg_*.service"


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that asks for a reboot, with nobody at work."""
    monkeypatch.setattr(rebooting, "REQUIRED", tmp_path / "run/reboot-required")
    monkeypatch.setattr(rebooting, "_STATES", tmp_path / "states")
    monkeypatch.setattr(rebooting, "_DPKG", tmp_path / "lock-frontend")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/reboot-required").touch()
    (tmp_path / "lock-frontend").touch()
    return tmp_path


class Ticks:
    """A clock that only waiting moves; ``after`` is done at the first wait."""

    def __init__(self, after: Callable[[], None] = lambda: None) -> None:
        self.time, self.after = 0.0, after

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds
        self.after()


def run(store: Store, ticks: Ticks | None = None) -> str:
    ticks = ticks or Ticks()
    return rebooting.reboot(store, clock=ticks.now, pause=ticks.wait)


@contextmanager
def held(path: Path, lock: Callable[[int, int], None] = fcntl.flock) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    lock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_where_nobody_is_at_work_it_begins_and_says_what_for(
    store: Store, tools: Tools, host: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (host / "run/reboot-required.pkgs").write_text("linux-image-6.1\nlibc6\nlinux-image-6.1\n")
    assert run(store) == "the reboot has begun"
    assert tools.asked("systemctl reboot") == ["systemctl reboot"]
    assert "rebooting for libc6, linux-image-6.1" in capsys.readouterr().err


def test_without_a_wish_nothing_happens(store: Store, tools: Tools, host: Path) -> None:
    (host / "run/reboot-required").unlink()
    assert run(store) == "no reboot: nothing asks for one"
    assert tools.asked("systemctl") == []


def test_a_transaction_is_waited_for(store: Store, tools: Tools, capsys: pytest.CaptureFixture[str]) -> None:
    lock = ExitStack()
    lock.enter_context(held(store.root / "locks/service-sales-prod"))
    os.utime(store.root / "locks/service-sales-prod", (0, 0))
    ticks = Ticks(after=lock.close)
    assert run(store, ticks) == "the reboot has begun"
    assert ticks.time == rebooting.PAUSE
    assert "waiting: hostctl is at work (service-sales-prod)\n" in capsys.readouterr().err
    assert tools.asked("systemctl reboot") == ["systemctl reboot"]


def test_work_that_lasts_longer_than_the_window_leaves_it_to_the_next_one(store: Store, tools: Tools) -> None:
    ticks = Ticks()
    with store.lock("base"):
        said = run(store, ticks)
    assert said.startswith("no reboot in this window: hostctl is at work (base)")
    assert rebooting.WINDOW - 2 * rebooting.PAUSE < ticks.time <= rebooting.WINDOW
    assert tools.asked("systemctl reboot") == []


def test_between_the_units_of_a_run_there_is_no_reboot_either(store: Store) -> None:
    with store.lock("base"):
        pass
    assert rebooting.at_work(store) == "a deployment was at work a moment ago"
    os.utime(store.root / "locks/base", (0, 0))
    store.write_manifest("base", {"status": "applied", "things": []})
    assert rebooting.at_work(store) == "a deployment was at work a moment ago"
    os.utime(store.root / "manifests/base.json", (0, 0))
    assert rebooting.at_work(store) == ""


def test_a_change_that_waits_for_its_confirmation_is_not_lost(store: Store) -> None:
    store.write_manifest("access", {"status": "armed", "things": []})
    os.utime(store.root / "manifests/access.json", (0, 0))
    assert rebooting.at_work(store) == "access waits for its confirmation"


def test_a_backup_or_a_restore_that_somebody_started_by_hand_goes_on(store: Store, host: Path) -> None:
    with held(host / "states/dhanman-backup-prod/physical.lock"):
        assert rebooting.at_work(store) == "dhanman-backup-prod: physical is under way"
    assert rebooting.at_work(store) == ""


def test_a_job_that_systemd_runs_goes_on_and_this_one_does_not_wait_for_itself(
    store: Store, tools: Tools
) -> None:
    own = "dhanman-reboot.service loaded activating start start Dhanman"
    tools.answer(LISTED, f"{own}\n")
    assert rebooting.at_work(store) == ""
    tools.answer(LISTED, f"{own}\napt-daily-upgrade.service loaded activating start start Daily\n")
    assert rebooting.at_work(store) == "apt-daily-upgrade.service runs"


def _hold(path: str, ready: Connection) -> None:
    descriptor = os.open(path, os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    ready.send(True)
    ready.recv()


def test_packages_that_are_being_installed_are_waited_for(store: Store, host: Path) -> None:
    # dpkg's kind of lock belongs to a process
    here, there = multiprocessing.get_context("spawn").Pipe()
    holder = multiprocessing.get_context("spawn").Process(
        target=_hold, args=(str(host / "lock-frontend"), there)
    )
    holder.start()
    assert here.recv()
    try:
        assert rebooting.at_work(store) == "packages are being installed"
    finally:
        here.send(True)
        holder.join()
    assert rebooting.at_work(store) == ""
