"""What every server gets before anything of Dhanman runs on it, as two host units. Pure.

Source: the deployment document, sections "Folder Structure on Server" and "Firewall Rules"; sshd after ssh-audit's
guides and Mozilla's OpenSSH guideline; RFC 4890 for ICMPv6.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass

from components.host.tunnel import Tunnel
from components.naming import CONFIG_ROOT, HOSTCTL, UPLOADS
from components.templates import Templates
from components.unit import (
    Directory,
    File,
    Firewall,
    HostFacts,
    Packages,
    Service,
    Symlink,
    Sysctl,
    Thing,
    Unit,
    Validation,
)

LOGS_DIRECTORY = f"{CONFIG_ROOT}/logs.d"
"""Each service leaves a JSON file here that says which log files to rotate."""

FIREWALL_PATH = f"{CONFIG_ROOT}/firewall.nft"
FIREWALL_TABLE = "dhanman"
CONFIRM_SECONDS = 60
"""How long the host waits for a new connection before it takes back a change of SSH or firewall."""

PACKAGES = (
    "ca-certificates",  # TLS to package sources, artifacts and buckets
    "curl",  # people's first tool for a health check
    "gnupg",  # fingerprints of package sources' keys
    "jq",  # reads the status files; the backup writes its own with it
    "less",  # journalctl's pager
    "logrotate",  # NGINX's and RabbitMQ's packages bring their own rules for it
    "nftables",
    "openssl",
    "procps",  # sysctl
    "systemd-timesyncd",  # TLS and tokens need the right time
    "tzdata",
    "unattended-upgrades",
)

_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class KernelParameter:
    """A sysctl with the reason for its value."""

    name: str
    value: str
    reason: str


KERNEL_PARAMETERS = (
    KernelParameter(
        name="vm.swappiness",
        value="10",
        reason="Swap only under real pressure: a swapped-out database or .NET heap answers slowly (default 60).",
    ),
    KernelParameter(
        name="fs.inotify.max_user_instances",
        value="1024",
        reason=".NET watches each appsettings file with an instance of its own (default 128 for a user).",
    ),
    KernelParameter(
        name="net.core.somaxconn",
        value="4096",
        reason="Connections wait in the backlog while a service's instances are exchanged (128 on old images).",
    ),
    KernelParameter(
        name="net.ipv4.tcp_keepalive_time",
        value="600",
        reason="Idle pooled connections to databases and brokers outlive firewalls' timers (default 7200 s).",
    ),
    KernelParameter(
        name="net.ipv4.tcp_slow_start_after_idle",
        value="0",
        reason="Browsers' connections pause between clicks; the answer after a pause is as fast as before it.",
    ),
    KernelParameter(
        name="net.ipv4.conf.all.accept_redirects",
        value="0",
        reason="A server has one gateway; a redirect would only be an attack on the route.",
    ),
    KernelParameter(
        name="net.ipv4.conf.default.accept_redirects",
        value="0",
        reason="As above, for interfaces that come later.",
    ),
    KernelParameter(
        name="net.ipv4.conf.all.send_redirects",
        value="0",
        reason="The server is no router.",
    ),
    KernelParameter(
        name="net.ipv4.tcp_syncookies",
        value="1",
        reason="A flood of half-open connections must not lock people out.",
    ),
)


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
class HostSpec:
    """One server.

    ``environments``: which have folders on it. ``memory`` (bytes) and ``cores``: what it must have at least.
    ``time_zone``: IANA name. ``deploy_user``: owns the folder that artifacts are uploaded to. ``ssh_port``: where
    sshd listens already; the port itself is not managed. ``ssh_sources``: CIDRs that may reach it (none: anywhere).
    ``private_ranges``: CIDRs that may reach ``private_ports``. ``public_ports``, ``public_udp_ports``: open to all.
    ``operator_email``: gets a mail for each unattended upgrade, if the host can send mail. ``journal_max``: ceiling
    of the journal, in systemd's notation. ``data_gate``: on the host of the databases, if data is guarded.
    ``tunnel``: to the environment's other hosts, if there is one.
    """

    environments: tuple[str, ...]
    memory: int
    cores: int
    time_zone: str = "Etc/UTC"
    deploy_user: str = "deploy"
    ssh_port: int = 22
    ssh_sources: tuple[str, ...] = ()
    private_ranges: tuple[str, ...] = ("10.0.0.0/8",)
    public_ports: tuple[int, ...] = (80, 443)
    public_udp_ports: tuple[int, ...] = ()
    private_ports: tuple[int, ...] = (5432, 5672, 15672)
    operator_email: str | None = None
    journal_max: str = "1G"
    data_gate: DataGate | None = None
    tunnel: Tunnel | None = None


def base_unit(spec: HostSpec) -> Unit:
    """Unit ``base``: packages, folders, time, kernel, limits, journal, log rotation, security upgrades."""
    things: tuple[Thing, ...] = (
        HostFacts(memory=spec.memory, cores=spec.cores),
        Packages(name="base", packages=PACKAGES),
        *_directories(spec),
        *_time(spec),
        File(
            path="/etc/apt/apt.conf.d/52dhanman-unattended-upgrades",
            content=_text(
                "etc/apt/apt.conf.d/52dhanman-unattended-upgrades", operator_email=spec.operator_email
            ),
        ),
        *_limits(spec),
        *_log_rotation(),
        *([spec.data_gate.file] if spec.data_gate else []),
        # skipped by its own condition in a container, where the machine keeps the time
        Service(unit="systemd-timesyncd.service", running=None),
        Service(unit="unattended-upgrades.service"),
        Service(unit="apt-daily-upgrade.timer"),
        Service(unit="dhanman-logrotate.timer"),
    )
    return Unit(
        name="base",
        things=things,
        validations=(
            Validation(argv=("apt-config", "dump")),
            Validation(argv=_verify("dhanman-logrotate.service", "dhanman-logrotate.timer")),
        ),
    )


def access_unit(spec: HostSpec) -> Unit:
    """Unit ``access``: sshd and firewall. Armed: the host takes it back unless a new connection confirms it."""
    values = {
        "ssh_port": spec.ssh_port,
        "ssh_sources": [_network(cidr) for cidr in spec.ssh_sources],
        "private_ranges": [_network(cidr) for cidr in spec.private_ranges],
        "private_ports": sorted(spec.private_ports),
        "public_ports": sorted(spec.public_ports),
        "public_udp_ports": sorted(spec.public_udp_ports),
        "tunnel": spec.tunnel,
        "tunnel_network": _network(spec.tunnel.network) if spec.tunnel else None,
        "tunnel_peers": [_network(address) for address in spec.tunnel.peers] if spec.tunnel else [],
    }
    unit = "dhanman-firewall.service"
    return Unit(
        name="access",
        things=(
            File(
                path="/etc/ssh/sshd_config.d/00-dhanman.conf",
                content=_text("etc/ssh/sshd_config.d/00-dhanman.conf"),
                notify=("reload ssh.service",),
            ),
            File(
                path=FIREWALL_PATH,
                content=_text("etc/dhanman/firewall.nft", **values),
                notify=(f"reload {unit}",),
            ),
            File(
                path=f"/etc/systemd/system/{unit}",
                content=_text(f"etc/systemd/system/{unit}", path=FIREWALL_PATH),
                notify=("daemon-reload",),
            ),
            Service(unit=unit),
            Firewall(table=FIREWALL_TABLE, path=FIREWALL_PATH),
        ),
        validations=(
            Validation(argv=("/usr/sbin/sshd", "-t")),
            Validation(argv=("/usr/sbin/nft", "-c", "-f", FIREWALL_PATH)),
            Validation(argv=_verify(unit)),
        ),
        arm=CONFIRM_SECONDS,
    )


def _text(template: str, **values: object) -> str:
    return _TEMPLATES.render(template, **values)


def _verify(*units: str) -> tuple[str, ...]:
    paths = (f"/etc/systemd/system/{unit}" for unit in units)
    return ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths)


def _network(cidr: str) -> dict[str, str]:
    network = ipaddress.ip_network(cidr)
    return {"family": "ip" if network.version == 4 else "ip6", "network": str(network)}


def _directories(spec: HostSpec) -> tuple[Thing, ...]:
    shared = ("/var/www", "/opt/dhanman", CONFIG_ROOT, "/run/dhanman")
    return (
        *(Directory(path=path) for path in shared),
        Directory(path=LOGS_DIRECTORY, exclusive=True),
        # traversed by the log collector, which is in group adm, and by nobody else's service
        Directory(path="/var/log/dhanman", mode="0750", group="adm"),
        Directory(path=UPLOADS, mode="0700", owner=spec.deploy_user),
        *(
            thing
            for environment in spec.environments
            for thing in (
                Directory(path=f"/var/www/{environment}"),
                Directory(path=f"/opt/dhanman/{environment}"),
                Directory(path=f"{CONFIG_ROOT}/{environment}"),
                Directory(path=f"/run/dhanman/{environment}"),
                Directory(path=f"/var/log/dhanman/{environment}", mode="0750", group="adm", recursive=True),
            )
        ),
        File(
            path="/etc/tmpfiles.d/dhanman.conf",
            content=_text("etc/tmpfiles.d/dhanman.conf", environments=spec.environments),
        ),
    )


def _time(spec: HostSpec) -> tuple[Thing, ...]:
    return (
        Symlink(path="/etc/localtime", target=f"/usr/share/zoneinfo/{spec.time_zone}", of_package="tzdata"),
        # read by Java, PHP and some installers instead of the link
        File(path="/etc/timezone", content=f"{spec.time_zone}\n", of_package="tzdata"),
    )


def _limits(spec: HostSpec) -> tuple[Thing, ...]:
    return (
        File(
            path="/etc/sysctl.d/60-dhanman.conf",
            content=_text("etc/sysctl.d/60-dhanman.conf", parameters=KERNEL_PARAMETERS),
        ),
        *(Sysctl(name=parameter.name, value=parameter.value) for parameter in KERNEL_PARAMETERS),
        File(
            path="/etc/security/limits.d/60-dhanman.conf",
            content=_text("etc/security/limits.d/60-dhanman.conf"),
        ),
        File(
            path="/etc/systemd/journald.conf.d/60-dhanman.conf",
            content=_text("etc/systemd/journald.conf.d/60-dhanman.conf", journal_max=spec.journal_max),
            notify=("restart systemd-journald.service",),
        ),
    )


def _log_rotation() -> tuple[Thing, ...]:
    values = {"directory": LOGS_DIRECTORY, "hostctl": HOSTCTL}
    return tuple(
        File(
            path=f"/etc/systemd/system/{unit}",
            content=_text(f"etc/systemd/system/{unit}", **values),
            notify=("daemon-reload",),
        )
        for unit in ("dhanman-logrotate.service", "dhanman-logrotate.timer")
    )
