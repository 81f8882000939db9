"""What people and processes on a server may not do, beyond what the kernel's parameters say. Pure.

Source: mount(8); core(5); systemd-system.conf(5); modprobe.d(5); issue(5).
"""

from __future__ import annotations

from components.naming import UNITS
from components.templates import Templates
from components.unit import MountOptions, Service, Thing

MOUNTS_UNIT = "dhanman-mounts.service"
MOUNTS = (
    # shared memory is no place for programs; PostgreSQL maps it without, and .NET's and Erlang's compilers use memfd
    MountOptions(path="/dev/shm", options=("nosuid", "nodev", "noexec")),
    # devices are no programs; what maps /dev/zero maps it without
    MountOptions(path="/dev", options=("nosuid", "noexec")),
    # programs may run there: debconf, apt's hooks and installers do so
    MountOptions(path="/tmp", options=("nosuid", "nodev")),
    MountOptions(path="/var/tmp", options=("nosuid", "nodev")),
)
_TEMPLATES = Templates(__file__)


def things() -> tuple[Thing, ...]:
    """Mounts, core dumps, modules, people's shells, and what a login is greeted with."""
    file = _TEMPLATES.file
    return (
        file(f"{UNITS}/{MOUNTS_UNIT}", "daemon-reload", mounts=MOUNTS),
        # at the next boot; for now the mounts themselves are looked at
        Service(unit=MOUNTS_UNIT, running=None),
        *MOUNTS,
        file("/etc/security/limits.d/60-dhanman.conf"),
        file("/etc/systemd/coredump.conf.d/60-dhanman.conf"),
        # read again by a reload, for services that start after it
        file("/etc/systemd/system.conf.d/60-dhanman.conf", "daemon-reload"),
        file("/etc/modprobe.d/60-dhanman.conf"),
        file("/etc/profile.d/dhanman.sh"),
        file("/etc/issue"),
        file("/etc/issue.net"),
    )
