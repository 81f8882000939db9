"""A WireGuard tunnel between an environment's hosts, as units of each of them. Pure.

Source: wg(8), wg-quick(8); the WireGuard paper (Donenfeld, NDSS 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from components.naming import UNITS
from components.templates import Templates
from components.unit import (
    File,
    Packages,
    Service,
    Unit,
    Validation,
    WireguardInterface,
    WireguardPeer,
    WireguardPeers,
)
from components.wireguard.keys import KeyPair

INTERFACE = "dhanman"
"""Name of the interface, and of its file ``/etc/wireguard/dhanman.conf``."""

SERVICE = f"wg-quick@{INTERFACE}.service"
ANSWER_SECONDS = 30
"""How long a host waits for the others: a first handshake is tried again every 5 s."""

_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A host of the tunnel: its ``address`` in it, and the one that the others send packets to."""

    name: str
    address: str
    reached_at: str


@dataclass(frozen=True, kw_only=True)
class WireguardSpec:
    """``network``: CIDR of the tunnel. ``port``: UDP, on every host. ``mtu``: bytes; None: wg-quick's own choice.

    ``keepalive``: seconds, 0 for none. ``userspace``: whether wireguard-go may stand in for a kernel without it.
    """

    members: tuple[Member, ...]
    network: str
    port: int = 51820
    mtu: int | None = None
    keepalive: int = 0
    userspace: bool = True


def interface_unit(spec: WireguardSpec, name: str, keys: Mapping[str, KeyPair]) -> Unit:
    """Unit ``wireguard``: the interface of the host ``name``. ``keys``: of every member, by name."""
    own = next(member for member in spec.members if member.name == name)
    address = f"{own.address}/{ip_network(spec.network).prefixlen}"
    peers = tuple(_peers(spec, name, keys))
    restart = f"restart {SERVICE}"
    values = {"private_key": keys[name].private, "address": address, "peers": peers}
    drop_in = "etc/systemd/system/wg-quick@.service.d/dhanman.conf"
    return Unit(
        name="wireguard",
        things=(
            Packages(name="wireguard", packages=("iproute2", "wireguard-tools")),
            *(
                [Packages(name="wireguard-go", packages=("wireguard-go",), unless_module="wireguard")]
                if spec.userspace
                else []
            ),
            File(
                path=f"{UNITS}/{SERVICE}.d/dhanman.conf",
                content=_TEMPLATES.render(drop_in),
                notify=("daemon-reload", restart),
            ),
            File(
                path=f"/etc/wireguard/{INTERFACE}.conf",
                content=_TEMPLATES.render("etc/wireguard/dhanman.conf", spec=spec, **values),
                mode="0600",
                secret=True,
                # `wg syncconf`: sessions with peers that stay go on
                notify=(f"reload {SERVICE}",),
            ),
            Service(unit=SERVICE),
            WireguardInterface(
                name=INTERFACE,
                address=address,
                port=spec.port,
                mtu=spec.mtu,
                public_key=keys[name].public,
                peers=peers,
                notify=(restart,),
            ),
        ),
        validations=(
            Validation(argv=("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", SERVICE)),
        ),
        redact=(keys[name].private,),
    )


def peers_unit(spec: WireguardSpec, name: str, keys: Mapping[str, KeyPair]) -> Unit:
    """Unit ``wireguard-peers``: every other member answers the host ``name`` through the tunnel."""
    peers = WireguardPeers(name=INTERFACE, peers=tuple(_peers(spec, name, keys)), timeout=ANSWER_SECONDS)
    return Unit(name="wireguard-peers", things=(peers,))


def _peers(spec: WireguardSpec, name: str, keys: Mapping[str, KeyPair]) -> Iterator[WireguardPeer]:
    for member in spec.members:
        if member.name != name:
            yield WireguardPeer(
                name=member.name,
                public_key=keys[member.name].public,
                address=member.address,
                endpoint=_endpoint(member.reached_at, spec.port),
                keepalive=spec.keepalive,
            )


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ip_address(address).version == 6 else f"{address}:{port}"
