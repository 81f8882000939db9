"""Security upgrades by themselves, and the reboot that they ask for. Pure.

Source: unattended-upgrade(8); Debian's ``/etc/kernel/postinst.d/unattended-upgrades`` makes ``/run/reboot-required``.
"""

from __future__ import annotations

from components.host.spec import HostSpec
from components.naming import HOSTCTL, UNITS
from components.templates import Templates
from components.unit import Service, Thing

REBOOT_UNITS = ("dhanman-reboot.service", "dhanman-reboot.timer")
_SETTINGS = "/etc/apt/apt.conf.d/52dhanman-unattended-upgrades"
_TEMPLATES = Templates(__file__)


def things(spec: HostSpec) -> tuple[Thing, ...]:
    """apt's settings and timers; with a window, the timer of the reboot."""
    return (
        _TEMPLATES.file(_SETTINGS, operator_email=spec.operator_email),
        Service(unit="unattended-upgrades.service"),
        Service(unit="apt-daily-upgrade.timer"),
        *_reboot(spec),
    )


def _reboot(spec: HostSpec) -> tuple[Thing, ...]:
    if spec.reboot_window is None:
        return ()
    values = {"hostctl": HOSTCTL, "window": spec.reboot_window}
    return (
        *(_TEMPLATES.file(f"{UNITS}/{unit}", "daemon-reload", **values) for unit in REBOOT_UNITS),
        Service(unit=REBOOT_UNITS[1]),
    )
