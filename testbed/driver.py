"""What each way of running hosts can do, and the choice between them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from testbed.errors import TestbedError
from testbed.paths import Clone
from testbed.process import missing, run
from testbed.state import Disk, HostRecord

NAMES = ("docker", "podman", "nspawn")


class Driver(Protocol):
    """One way of running hosts. Callers hold the host's lock; methods raise ``TestbedError``."""

    @property
    def name(self) -> str:
        """The driver's name, one of ``NAMES``."""

    def image(self, suite: str, *, refresh: bool = False) -> str:
        """Make the suite's image if need be and return what ``Disk.image`` holds for it."""

    def create(self, name: str, disk: Disk, *, address: str | None, apt_cache: bool) -> HostRecord:
        """Make a host on a disk, not booted yet, and return its record."""

    def start(self, record: HostRecord) -> HostRecord:
        """Boot a host that does not run; return its record, where the address may have changed."""

    def is_running(self, record: HostRecord) -> bool:
        """Whether the host runs."""

    def stop(self, record: HostRecord) -> None:
        """Shut the host down in an orderly way and keep its disk."""

    def kill(self, record: HostRecord) -> None:
        """End the host at once, as a power cut does, and keep its disk."""

    def destroy(self, name: str) -> None:
        """Remove the host with its disk and all that belongs to it; nothing happens if it is not there."""

    def exec_command(self, record: HostRecord, argv: Sequence[str], *, terminal: bool = False) -> list[str]:
        """The command line that runs ``argv`` as root inside, without SSH and without the network."""

    def freeze(self, record: HostRecord, snapshot: str) -> tuple[HostRecord, Disk]:
        """Keep a stopped host's disk as a snapshot; return the host's new record and the snapshot's disk."""

    def discard(self, disk: Disk) -> None:
        """Remove what only a forgotten snapshot held."""

    def set_latency(self, record: HostRecord, milliseconds: int) -> None:
        """Delay what passes between here and the host, in milliseconds there and back; 0 ends it."""

    def add_address(self, record: HostRecord, cidr: str) -> None:
        """Give the host a second address and this machine a way to it."""

    def set_cut(self, record: HostRecord, *, cut: bool) -> None:
        """Cut the host's network, or mend it."""

    def console(self, record: HostRecord) -> str:
        """Where the console's output is: a file's path, or the command that prints it."""

    def close(self) -> None:
        """Remove what the clone's hosts share, once the last one is gone."""


def driver(clone: Clone, name: str) -> Driver:
    """The driver of that name, for a clone."""
    # imported late, so that a laptop without one of the two pays nothing for it
    if name == "nspawn":
        from testbed.driver_nspawn import NspawnDriver

        return NspawnDriver(clone)
    if name in ("docker", "podman"):
        from testbed.driver_container import ContainerDriver

        return ContainerDriver(clone, name)
    raise TestbedError(f"there is no driver '{name}': TESTBED_DRIVER takes {', '.join(NAMES)}")


def chosen_driver(clone: Clone) -> Driver:
    """The driver for new hosts: ``TESTBED_DRIVER``, a container engine that answers, nspawn as root."""
    forced = os.environ.get("TESTBED_DRIVER")
    if forced:
        return driver(clone, forced)
    for engine in ("docker", "podman"):
        if not missing([engine]) and run([engine, "info"], check=False).returncode == 0:
            return driver(clone, engine)
    if os.geteuid() == 0:
        return driver(clone, "nspawn")
    raise TestbedError("test hosts need a running Docker or Podman, or root on Debian or Ubuntu")
