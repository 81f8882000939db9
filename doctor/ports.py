"""Which TCP ports of a host are open from this machine, and whether they should be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from components.settings import Settings
from doctor.facts import Facts
from doctor.findings import Finding, fail, ok, warn
from doctor.listeners import Listener

CONNECT_LIMIT = 3.0
"""Seconds: a first packet that is lost is sent again after one, and a firewall that drops says nothing at all."""

SUSPECTS = {
    80: "HTTP",
    443: "HTTPS",
    5432: "PostgreSQL",
    5672: "RabbitMQ",
    15672: "RabbitMQ's management",
    15692: "RabbitMQ's metrics",
    4369: "RabbitMQ's port mapper",
    25672: "RabbitMQ's node port",
}
"""Asked for on every host, whatever it says of itself."""

CONTROL = 1
"""A port that nothing listens on: if it is open, a proxy on the way answers in the host's place."""

_GATEWAY = (80, 443)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What a host's ports are for. ``public``: open to everyone. ``private``: to ``ranges`` (CIDRs) alone.

    ``ssh`` is known from the login; a bare connection to it would count against this machine (PerSourcePenalties).
    """

    address: str
    ssh: int
    public: tuple[int, ...]
    private: tuple[int, ...]
    ranges: tuple[str, ...]

    @property
    def reached_directly(self) -> bool:
        """Not through a port of this machine that leads to the host: then loopback's ports are this machine's own."""
        return not ip_address(self.address).is_loopback


def ports_of(settings: Settings, name: str) -> Ports:
    """The ports of a host, by its roles."""
    host, roles = settings.hosts[name], settings.roles
    private = []
    if name in roles.postgres:
        private.append(settings.postgres.port)
    if name in roles.rabbitmq:
        private += [settings.rabbitmq.port, settings.rabbitmq.management_port]
    if settings.object_storage and name in roles.object_storage:
        private.append(settings.object_storage.port)
    return Ports(
        address=host.address,
        ssh=host.port,
        public=_GATEWAY if name in roles.gateway else (),
        private=tuple(private),
        ranges=settings.network.private_ranges,
    )


def to_try(ports: Ports, facts: Facts | None) -> tuple[int, ...]:
    """Ports to connect to: the declared ones, the usual suspects, and what the host says it listens on."""
    if not ports.reached_directly:
        return ()
    listening = {one.port for one in _tcp(facts) if not one.loopback}
    return tuple(sorted({*ports.public, *ports.private, *SUSPECTS, *listening, CONTROL} - {ports.ssh}))


def _tcp(facts: Facts | None) -> list[Listener]:
    return [one for one in facts.listeners if one.protocol == "tcp"] if facts else []


async def connect(
    wanted: Iterable[tuple[str, int]], limit: float = CONNECT_LIMIT
) -> dict[tuple[str, int], str | None]:
    """For each address and port this machine's own address of the connection, None if there was none; all at once."""
    targets = list(wanted)
    found = await asyncio.gather(*(_connect(address, port, limit) for address, port in targets))
    return dict(zip(targets, found, strict=True))


async def _connect(address: str, port: int, limit: float) -> str | None:
    try:
        async with asyncio.timeout(limit):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return None
    local: str = writer.get_extra_info("sockname")[0]
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(limit):
            await writer.wait_closed()
    return local


def is_inside(local: str, address: str, ranges: Iterable[str]) -> bool:
    """Whether a connection from ``local`` to ``address`` comes out of the private networks.

    A private address that reaches a public one was translated on the way, so that the host saw another one.
    """
    here, there = ip_address(local), ip_address(address)
    if there.is_global and not here.is_global:
        return False
    return any(here in ip_network(network) for network in ranges)


def judge_ports(
    name: str, ports: Ports, facts: Facts | None, open_from: Mapping[int, str | None], up: str
) -> list[Finding]:
    """What is open though nothing declares it, what is declared and closed, and the rest in one line.

    ``open_from``: for each port that was tried this machine's address of the connection, None if it is closed.
    """
    if not ports.reached_directly:
        return [ok(f"{name} ports", f"not tried: {ports.address} is a way through this machine's own ports")]
    subject = f"{name} ports"
    if open_from.get(CONTROL):
        text = (
            "not known: something between here and the host answers on every port, also where nothing listens"
        )
        return [warn(subject, text, "run the doctor from a machine without such a proxy")]
    processes = {one.port: one.process for one in _tcp(facts)}
    found, fine = [], []
    for port, local in sorted(open_from.items()):
        what = _what(port, processes)
        if port in ports.public:
            if local is None:
                found.append(_closed(subject, port, what, facts, up))
            else:
                fine.append(str(port))
        elif local is None:
            continue
        elif port in ports.private and is_inside(local, ports.address, ports.ranges):
            fine.append(f"{port} (from a private address, {local})")
        elif port in ports.private:
            text = f"{port} is open from here ({what}); only network.privateRanges may reach it"
            found.append(fail(subject, text, _FIREWALL.format(up=up)))
        else:
            text = f"{port} is open from here ({what}), and nothing declares it"
            found.append(fail(subject, text, f"stop what listens there; {_FIREWALL.format(up=up)}"))
    if facts is not None:
        fine.insert(0, str(ports.ssh))
    closed = [
        str(port)
        for port, local in sorted(open_from.items())
        if local is None and port not in (*ports.public, CONTROL)
    ]
    text = f"open as declared: {', '.join(fine) or 'none'}; closed from here: {', '.join(closed) or 'none'}"
    return [*found, ok(subject, text)]


_FIREWALL = "on the host: systemctl status dhanman-firewall; then {up}, and look at the provider's firewall"


def _what(port: int, processes: Mapping[int, str]) -> str:
    return processes.get(port) or SUSPECTS.get(port, "unknown")


def _closed(subject: str, port: int, what: str, facts: Facts | None, up: str) -> Finding:
    if facts is not None and facts.hostctl is None:
        return warn(subject, f"{port} is closed: nothing was set up here yet", up)
    listening = any(one.port == port and not one.loopback for one in _tcp(facts))
    if listening:
        text = f"{port} is closed from here, though {what} listens: a firewall is in between"
        return fail(subject, text, f"the provider's firewall; {_FIREWALL.format(up=up)}")
    text = f"{port} is closed from here" + (", and nothing listens there" if facts else "")
    return fail(subject, text, "on the host: systemctl status nginx; nginx -t")
