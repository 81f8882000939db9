"""What every server gets before anything of Dhanman runs on it, as two host units. Pure.

Source: the deployment document, sections "Folder Structure on Server" and "Firewall Rules"; sshd after ssh-audit's
guides and Mozilla's OpenSSH guideline; RFC 4890 for ICMPv6.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from components.host import bans, hardening, kernel, upgrades
from components.host.spec import HostSpec
from components.naming import CONFIG_ROOT, HOSTCTL, UNITS, UPLOADS
from components.templates import Templates
from components.unit import (
    Directory,
    File,
    Firewall,
    HostFacts,
    Packages,
    Service,
    Symlink,
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
    *bans.PACKAGES,
)

_TEMPLATES = Templates(__file__)


def base_unit(spec: HostSpec) -> Unit:
    """Unit ``base``: packages, folders, time, kernel, limits, journal, log rotation, upgrades, fail2ban."""
    units: tuple[str, ...] = ("dhanman-logrotate.service", "dhanman-logrotate.timer", hardening.MOUNTS_UNIT)
    if spec.reboot_window:
        units = (*units, *upgrades.REBOOT_UNITS)
    things: tuple[Thing, ...] = (
        HostFacts(memory=spec.memory, cores=spec.cores),
        Packages(name="base", packages=PACKAGES),
        *_directories(spec),
        *_time(spec),
        *upgrades.things(spec),
        *kernel.things(),
        *hardening.things(),
        _journal(spec),
        *_log_rotation(),
        *([spec.data_gate.file] if spec.data_gate else []),
        # skipped by its own condition in a container, where the machine keeps the time
        Service(unit="systemd-timesyncd.service", running=None),
        Service(unit="dhanman-logrotate.timer"),
        *bans.things(spec),
    )
    return Unit(
        name="base",
        things=things,
        validations=(
            Validation(argv=("apt-config", "dump")),
            Validation(argv=_verify(*units)),
            bans.VALIDATION,
        ),
        checks=(bans.CHECK,),
    )


def access_unit(spec: HostSpec) -> Unit:
    """Unit ``access``: sshd and firewall. Armed: the host takes it back unless a new connection confirms it."""
    values: dict[str, Any] = {
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
            _TEMPLATES.file(
                "/etc/ssh/sshd_config.d/00-dhanman.conf",
                "reload ssh.service",
                root_login=spec.deploy_user == "root",
            ),
            _TEMPLATES.file(FIREWALL_PATH, f"reload {unit}", **values),
            File(
                path=f"{UNITS}/{unit}",
                content=_TEMPLATES.render(f"{UNITS}/{unit}", path=FIREWALL_PATH),
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


def _verify(*units: str) -> tuple[str, ...]:
    paths = (f"{UNITS}/{unit}" for unit in units)
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
        _TEMPLATES.file("/etc/tmpfiles.d/dhanman.conf", environments=spec.environments),
    )


def _time(spec: HostSpec) -> tuple[Thing, ...]:
    return (
        Symlink(path="/etc/localtime", target=f"/usr/share/zoneinfo/{spec.time_zone}", of_package="tzdata"),
        # read by Java, PHP and some installers instead of the link
        File(path="/etc/timezone", content=f"{spec.time_zone}\n", of_package="tzdata"),
    )


def _journal(spec: HostSpec) -> File:
    return _TEMPLATES.file(
        "/etc/systemd/journald.conf.d/60-dhanman.conf",
        "restart systemd-journald.service",
        journal_max=spec.journal_max,
    )


def _log_rotation() -> tuple[Thing, ...]:
    values = {"directory": LOGS_DIRECTORY, "hostctl": HOSTCTL}
    return tuple(
        _TEMPLATES.file(f"{UNITS}/{unit}", "daemon-reload", **values)
        for unit in ("dhanman-logrotate.service", "dhanman-logrotate.timer")
    )
