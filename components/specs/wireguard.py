"""From settings to the tunnel between hosts. Pure."""

from __future__ import annotations

from components.host.tunnel import Tunnel
from components.settings import Settings
from components.wireguard.plan import INTERFACE, Member, WireguardSpec


def wireguard(settings: Settings) -> WireguardSpec | None:
    """The tunnel, if there is one."""
    wanted = settings.network.wireguard
    if wanted is None:
        return None
    return WireguardSpec(
        members=tuple(
            Member(name=name, address=host.internal_address, reached_at=host.address)
            for name, host in settings.hosts.items()
        ),
        network=wanted.range,
        port=wanted.port,
        mtu=wanted.mtu,
        keepalive=wanted.keepalive or 0,
        userspace=wanted.implementation == "auto",
    )


def tunnel(settings: Settings, name: str) -> Tunnel | None:
    """What the firewall of one host knows of it."""
    wanted = settings.network.wireguard
    if wanted is None:
        return None
    others = [host for other, host in settings.hosts.items() if other != name]
    return Tunnel(
        interface=INTERFACE,
        network=wanted.range,
        port=wanted.port,
        # with a second address a host may send from either
        peers=tuple(a for host in others for a in (host.address, host.ipv6_address) if a),
    )
