"""Equal fresh hosts: each starts from one frozen disk that has Python, the package index and all archives.

So no run downloads anything, and what is measured is the work. sshd logs each session there.
"""

from __future__ import annotations

from collections.abc import Sequence

import testbed
from scripts.steps import Steps
from testbed.hosts import down as destroy

SNAPSHOT = "bench-bare"
SOURCE = "bench-source"
HOST = "bench"
_APT = "DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet=2"


def prepare(steps: Steps, packages: Sequence[str], *, suite: str) -> None:
    """Make the frozen disk unless it is there: python3, the index, and the archives of ``packages`` downloaded."""
    if testbed.find_snapshot(testbed.Clone.current(), SNAPSHOT) is not None:
        return
    with steps.step("Preparing the disk that all hosts start from"), testbed.up(SOURCE, suite=suite) as host:
        host.exec(f"{_APT} update")
        host.exec(f"{_APT} install --no-install-recommends python3 sudo")
        host.exec(f"{_APT} install --no-install-recommends --download-only {' '.join(packages)}")
        # sorts before the drop-ins of the tools, and sshd keeps the first value
        host.exec("printf 'LogLevel VERBOSE\\n' > /etc/ssh/sshd_config.d/00-bench.conf")
        host.snapshot(SNAPSHOT)


def fresh(round_trip: int) -> testbed.Host:
    """A host as it comes from that disk, ``round_trip`` milliseconds away; one that was left over is destroyed."""
    host = bare(HOST)
    if round_trip:
        host.latency(round_trip)
    return host


def bare(name: str) -> testbed.Host:
    """A host of that name as it comes from that disk; one that was left over is destroyed."""
    destroy(testbed.Clone.current(), name)
    try:
        host = testbed.up(name, from_snapshot=SNAPSHOT, apt_cache=False)
    except testbed.TestbedError:
        destroy(testbed.Clone.current(), name)
        raise
    host.exec("systemctl is-system-running --wait || true")
    return host


def remove() -> None:
    """Destroy the host that is measured, if there is one."""
    destroy(testbed.Clone.current(), HOST)


def forget() -> None:
    """Drop the frozen disk; the next run makes a new one, with the packages of that day."""
    remove()
    testbed.forget_snapshot(testbed.Clone.current(), SNAPSHOT)
