"""What is made of a host's filesystems. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from components.settings import Host
from doctor.facts import Facts, Filesystem
from doctor.findings import Finding, fail, ok, warn
from hostctl.kinds.host_facts import TOLERANCE

FREE_WARN = 0.20
"""Part that should be free: PostgreSQL needs room for a copy of its largest table when it rewrites one."""

FREE_FAIL = 0.10
"""Part at which filesystems get slow and a single night of dumps can fill the rest."""

BYTES_FAIL = 2 * 1024**3
"""What a package upgrade, a release and PostgreSQL's write-ahead log (1 GiB by default) need at once."""

_REMEDY = (
    "on the host: du -xh --max-depth=2 {mount} | sort -h | tail; enlarge it, or take away what is not needed"
)
_INODES = "on the host: du -x --inodes --max-depth=2 {mount} | sort -n | tail"


def judge_disks(name: str, host: Host, facts: Facts) -> list[Finding]:
    """Room on each filesystem, in bytes and in files, and all of it against the settings' ``disk``."""
    found = [finding for one in facts.filesystems for finding in (*_room(name, one), *_files(name, one))]
    return [*found, *_promised(name, host, facts.filesystems)]


def _room(name: str, one: Filesystem) -> Iterator[Finding]:
    subject, remedy = f"{name} disk {one.mount}", _REMEDY.format(mount=one.mount)
    # as df does: what is kept for root counts neither as free nor as used
    free = one.available / max(one.used + one.available, 1)
    text = f"{free:.0%} free ({size(one.available)} of {size(one.size)})"
    if free < FREE_FAIL or one.available < BYTES_FAIL:
        yield fail(subject, text, remedy)
    elif free < FREE_WARN:
        yield warn(subject, text, remedy)
    else:
        yield ok(subject, text)


def _files(name: str, one: Filesystem) -> Iterator[Finding]:
    if not one.inodes:
        return
    subject, remedy = f"{name} inodes {one.mount}", _INODES.format(mount=one.mount)
    free = one.inodes_free / one.inodes
    text = f"{free:.0%} free"
    if free < FREE_FAIL:
        yield fail(subject, text, remedy)
    elif free < FREE_WARN:
        yield warn(subject, text, remedy)
    else:
        yield ok(subject, text)


def _promised(name: str, host: Host, filesystems: tuple[Filesystem, ...]) -> Iterator[Finding]:
    total = sum(one.size for one in filesystems)
    if host.disk is None or not filesystems:
        return
    text = f"{size(total)} in all, the settings say {size(host.disk)}"
    if total < TOLERANCE * host.disk:
        yield warn(f"{name} disk", text, f"correct hosts/{name}/disk in the settings, or enlarge the host")
    else:
        yield ok(f"{name} disk", text)


def size(count: int) -> str:
    """A number of bytes as people read it."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
