"""fail2ban: who fails to log in too often is kept from SSH for a while; who deploys never is. Pure.

Source: jail.conf(5) and fail2ban's own ``filter.d/sshd.conf``.
"""

from __future__ import annotations

from typing import Any

from components.host.spec import HostSpec
from components.naming import STATE_ROOT, UNITS
from components.templates import Templates
from components.unit import CommandCheck, Service, Thing, Validation

SERVICE = "fail2ban.service"
PACKAGES = (
    "fail2ban",
    "python3-systemd",  # fail2ban reads the journal with it
)
LONGEST = 7 * 86400
"""Seconds of the longest ban."""

CONTACTS = f"{STATE_ROOT}/deploys-from"
"""Where hostctl remembers from where transactions came."""

CONTACT_DAYS = 30
"""How long an address from which a transaction came is never banned."""

_PROGRAM = "/usr/local/lib/dhanman-deploys-from"
_LOOPBACK = ("127.0.0.0/8", "::1")
_TEMPLATES = Templates(__file__)


def things(spec: HostSpec) -> tuple[Thing, ...]:
    """Its configuration, a sandbox, and the service."""
    tunnel = (spec.tunnel.network,) if spec.tunnel else ()
    never = (*_LOOPBACK, *tunnel, *spec.private_ranges, *spec.ssh_sources)
    values: dict[str, Any] = {
        "ssh_port": spec.ssh_port,
        "bans": spec.bans,
        "longest": max(LONGEST, spec.bans.ban_time),
        "purge_seconds": max(LONGEST, spec.bans.ban_time) + 86400,
        "never": tuple(dict.fromkeys(never)),
        "program": _PROGRAM,
        "contacts": CONTACTS,
        "days": CONTACT_DAYS,
    }

    file = _TEMPLATES.file
    return (
        file(_PROGRAM, mode="0755", **values),
        file("/etc/fail2ban/fail2ban.d/dhanman.local", f"restart {SERVICE}", **values),
        file("/etc/fail2ban/jail.d/dhanman.local", f"reload {SERVICE}", **values),
        file(f"{UNITS}/{SERVICE}.d/dhanman.conf", "daemon-reload", f"restart {SERVICE}", **values),
        Service(unit=SERVICE),
    )


VALIDATION = Validation(argv=("fail2ban-client", "-t"))
CHECK = CommandCheck(argv=("fail2ban-client", "status", "sshd"), title="fail2ban watches sshd")
