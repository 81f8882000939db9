"""The reboot that security upgrades ask for, in the host's window: never in the middle of somebody's work."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store

WINDOW = 3600.0
"""Seconds after the window's beginning within which the reboot may still begin."""

PAUSE = 20.0
"""Seconds between two looks: there are locks, units and another program's lock to wait for, and no event for all."""

LULL = 120.0
"""Seconds without a transaction after which a deployment counts as ended."""

REQUIRED = Path("/run/reboot-required")
_OWN = "dhanman-reboot.service"
_STATES = Path("/var/lib")
_DPKG = Path("/var/lib/dpkg/lock-frontend")
_JOBS = ("dhanman-*.service", "apt-daily*.service", "pg_*.service")


def reboot(
    store: Store, *, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> str:
    """Reboot when nobody is at work, or say who was for the whole window. Why it waits is told when it changes."""
    if not REQUIRED.exists():
        return "no reboot: nothing asks for one"
    end, told = clock() + WINDOW, ""
    while busy := at_work(store):
        if clock() + PAUSE > end:
            return f"no reboot in this window: {busy}; the next window tries again"
        if busy != told:
            progress(f"waiting: {busy}")
            told = busy
        pause(PAUSE)
    why = _reasons()
    progress(f"rebooting{f' for {why}' if why else ''}")
    run(["systemctl", "reboot"])
    return "the reboot has begun"


def at_work(store: Store) -> str:
    """What must not be interrupted, in words for people; empty if nothing is under way."""
    return next(_work(store), "")


def _work(store: Store) -> Iterator[str]:
    for lock in sorted((store.root / "locks").glob("*")):
        if _is_held(lock):
            yield f"hostctl is at work ({lock.name})"
    # a run is many transactions, with a moment between two of them
    marks = [*(store.root / "locks").glob("*"), *(store.root / "manifests").glob("*.json")]
    if any(time.time() - mark.stat().st_mtime < LULL for mark in marks):
        yield "a deployment was at work a moment ago"
    for unit in store.units():
        if (store.manifest(unit) or {}).get("status") == "armed":
            yield f"{unit} waits for its confirmation"
    # backups, restores and drills, those that people run as well
    for lock in sorted(_STATES.glob("dhanman-*/*.lock")):
        if _is_held(lock):
            yield f"{lock.parent.name}: {lock.stem} is under way"
    # a job is a unit that is starting for as long as it works
    said = run(
        ["systemctl", "list-units", "--plain", "--no-legend", "--state=activating", *_JOBS], check=False
    ).stdout
    jobs = [line.split()[0] for line in said.splitlines() if line.strip()]
    yield from (f"{job} runs" for job in jobs if job != _OWN)
    # dpkg's lock is one of fcntl's
    if _is_held(_DPKG, fcntl.lockf):
        yield "packages are being installed"


def _is_held(path: Path, lock: Callable[[int, int], None] = fcntl.flock) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False


def _reasons() -> str:
    try:
        words = REQUIRED.with_name("reboot-required.pkgs").read_text().split()
    except OSError:
        return ""
    return ", ".join(sorted(set(words)))
