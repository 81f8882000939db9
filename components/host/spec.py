"""What a server is to be, as values. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from components.host.tunnel import Tunnel
from components.naming import CONFIG_ROOT
from components.unit import File

DRILL_HOURS = 26
"""How old the last successful restore drill may be: a day, and time to run it."""


@dataclass(frozen=True, kw_only=True)
class DataGate:
    """What hostctl asks before it changes PostgreSQL's version or data directory, or drops a database.

    ``report``: what the restore drill writes. ``stack``: for the command that runs it. ``anyway``: the reason to go on
    without one, or empty.
    """

    environment: str
    stack: str
    report: str
    anyway: str = ""

    @property
    def file(self) -> File:
        """Where hostctl reads it."""
        content = {"stack": self.stack, "report": self.report, "hours": DRILL_HOURS, "anyway": self.anyway}
        return File(
            path=f"{CONFIG_ROOT}/{self.environment}/data-gate.json",
            content=json.dumps(content, indent=2, sort_keys=True) + "\n",
        )


@dataclass(frozen=True, kw_only=True)
class Bans:
    """When an address is kept from SSH. ``max_retry``: failed logins within ``find_time``. ``ban_time``: the first
    ban; each further one is twice as long. Times in seconds.
    """

    max_retry: int = 5
    find_time: int = 600
    ban_time: int = 3600


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """One server.

    ``environments``: which have folders on it. ``memory`` (bytes) and ``cores``: what it must have at least.
    ``time_zone``: IANA name. ``deploy_user``: owns the folder that artifacts are uploaded to; unless it is root, root
    may not log in. ``ssh_port``: where sshd listens already; the port itself is not managed. ``ssh_sources``: CIDRs
    that may reach it (none: anywhere). ``private_ranges``: CIDRs that may reach ``private_ports``. ``bans``: of
    addresses outside of both. ``public_ports``, ``public_udp_ports``: open to all. ``operator_email``: gets a mail for
    each unattended upgrade, if the host can send mail. ``reboot_window``: a systemd calendar expression, when the
    reboot that upgrades ask for may begin; None leaves it to people. ``journal_max``: ceiling of the journal, in
    systemd's notation. ``data_gate``: on the host of the databases, if data is guarded. ``tunnel``: to
    the environment's other hosts, if there is one.
    """

    environments: tuple[str, ...]
    memory: int
    cores: int
    time_zone: str = "Etc/UTC"
    deploy_user: str = "deploy"
    ssh_port: int = 22
    ssh_sources: tuple[str, ...] = ()
    private_ranges: tuple[str, ...] = ("10.0.0.0/8",)
    bans: Bans = field(default_factory=Bans)
    public_ports: tuple[int, ...] = (80, 443)
    public_udp_ports: tuple[int, ...] = ()
    private_ports: tuple[int, ...] = (5432, 5672, 15672)
    operator_email: str | None = None
    reboot_window: str | None = None
    journal_max: str = "1G"
    data_gate: DataGate | None = None
    tunnel: Tunnel | None = None
