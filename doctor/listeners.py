"""What listens on a host, against what its settings declare. `make audit` asks the same of ``ss``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from components.settings import Settings
from doctor.findings import Finding, ok, warn

Declared = Mapping[tuple[str, int], str]
"""Protocol (``tcp``, ``udp``) and port, with what it is for."""

ELSEWHERE = {25672: "RabbitMQ between nodes", 15692: "RabbitMQ's metrics"}
"""What listens beyond loopback where RabbitMQ is, and is the firewall's to close."""

ADDRESSING = {("udp", 68): "DHCP", ("udp", 546): "DHCPv6"}
"""How a host gets its own address; the firewall lets answers alone in."""

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A port that something on the host listens on. ``process``: its name, where the host let us see it."""

    address: str
    port: int
    process: str = ""
    protocol: str = "tcp"

    @property
    def loopback(self) -> bool:
        """Whether only the host itself can reach it."""
        return self.address.startswith(("127.", "::ffff:127.")) or self.address == "::1"

    def __str__(self) -> str:
        where = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.protocol} {where}:{self.port} ({self.process or 'unknown'})"


def parse(protocol: str, where: str, users: str) -> Listener:
    """From the columns of ``ss``: ``tcp``, ``[::]:443``, ``users:(("nginx",pid=2,fd=6))``.

    Raises ``ValueError`` for others.
    """
    address, _, port = where.rpartition(":")
    process = re.search(r'\(\("([^"]*)"', users)
    return Listener(
        address=address.partition("%")[0].strip("[]") or "*",
        port=int(port),
        process=process[1] if process else "",
        protocol=protocol,
    )


def strangers(listeners: Iterable[Listener], declared: Declared) -> list[Listener]:
    """What others may reach, as far as the firewall lets them, and nothing declares."""
    found = {one for one in listeners if not one.loopback and (one.protocol, one.port) not in declared}
    return sorted(found, key=str)


def declared(settings: Settings, name: str) -> Declared:
    """The ports of a host, by its roles."""
    host, roles = settings.hosts[name], settings.roles
    ports: dict[tuple[str, int], str] = {("tcp", host.port): "SSH", **ADDRESSING}
    if name in roles.gateway:
        ports |= {("tcp", 80): "NGINX", ("tcp", 443): "NGINX"}
        if settings.gateway.http3:
            ports["udp", 443] = "NGINX, HTTP/3"
    if name in roles.postgres:
        ports["tcp", settings.postgres.port] = "PostgreSQL"
    if name in roles.rabbitmq:
        rabbitmq = settings.rabbitmq
        ports |= {
            ("tcp", rabbitmq.port): "RabbitMQ",
            ("tcp", rabbitmq.management_port): "RabbitMQ's management",
        }
        ports |= {("tcp", port): what for port, what in ELSEWHERE.items()}
    if settings.object_storage and name in roles.object_storage:
        ports["tcp", settings.object_storage.port] = "object storage"
    if settings.network.wireguard:
        ports["udp", settings.network.wireguard.port] = "WireGuard"
    return ports


def judge_listeners(name: str, listeners: Iterable[Listener], wanted: Declared) -> list[Finding]:
    """One finding: a stranger is kept away by the firewall alone, and works for whoever gets past it."""
    subject, listening = f"{name} listeners", [one for one in listeners if not one.loopback]
    found = strangers(listening, wanted)
    if not found:
        return [ok(subject, f"{len(listening)} beyond loopback, all declared")]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    text = f"not declared: {', '.join(map(str, found[:_SHOWN]))}{more}; the firewall alone keeps others away"
    return [warn(subject, text, "on the host: ss -ltunp; stop and disable what is not needed")]
