"""A control group per host: what is in it belongs to the host, and only that is ever killed."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from pathlib import Path

from testbed.errors import TestbedError
from testbed.paths import cache_dir
from testbed.process import locked, run, wait_until

_OWN_MOUNT = Path("/run/dhanman-testbed/cgroup")


def root() -> Path:
    """A writable cgroup2 tree: the machine's own, or one mounted for the purpose on a machine without."""
    for line in Path("/proc/mounts").read_text().splitlines():
        fields = line.split(" ")
        if fields[2] == "cgroup2" and os.access(fields[1], os.W_OK):
            return Path(fields[1])
    _OWN_MOUNT.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "cgroup2", "none", str(_OWN_MOUNT)])
    return _OWN_MOUNT


def create(name: str) -> Path:
    """Make a group (or find it) and return its folder."""
    with _mount_lock():
        folder = root() / name
        folder.mkdir(exist_ok=True)
    return folder


def is_populated(name: str) -> bool:
    """Whether a process lives in the group or below it."""
    try:
        return "populated 1" in (root() / name / "cgroup.events").read_text()
    except OSError:
        return False


def leader(name: str) -> int | None:
    """Process id, on this machine, of the init program of the host that runs in the group."""
    try:
        pids = (root() / name / "payload/init.scope/cgroup.procs").read_text().split()
    except OSError:
        return None
    return int(pids[0]) if pids else None


def kill(name: str, seconds: float = 30) -> None:
    """End each process of the group at once and remove the group (cgroup.kill needs Linux 5.14)."""
    folder = root() / name
    if not folder.is_dir():
        return
    with contextlib.suppress(FileNotFoundError):
        (folder / "cgroup.kill").write_text("1")
    if not wait_until(lambda: not is_populated(name), seconds):
        raise TestbedError(f"processes in {folder} do not end: see its cgroup.procs")
    wait_until(lambda: _removed(folder), seconds)


def _removed(folder: Path) -> bool:
    # a group can stay busy for a moment after its last process
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(path).rmdir()
    return not folder.exists()


def release() -> None:
    """Take away the cgroup2 mount if it is our own and nothing is left in it."""
    with _mount_lock():
        if _OWN_MOUNT.is_mount() and not any(path.is_dir() for path in _OWN_MOUNT.glob("dhanman-testbed-*")):
            run(["umount", str(_OWN_MOUNT)], check=False)


def _mount_lock() -> AbstractContextManager[None]:
    # the mount is the machine's: another clone may be making its first group as ours removes its last
    return locked(cache_dir() / "cgroup.lock")
