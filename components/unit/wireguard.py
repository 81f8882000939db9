"""Things of a WireGuard tunnel between hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from components.unit.things import Thing


@dataclass(frozen=True, kw_only=True)
class WireguardPeer:
    """Another host of the tunnel: its ``address`` in it, and the ``endpoint`` (address and port) that leads there.

    ``public_key``: base64. ``keepalive``: seconds, 0 for none.
    """

    name: str
    public_key: str
    address: str
    endpoint: str
    keepalive: int = 0


@dataclass(frozen=True, kw_only=True)
class WireguardInterface(Thing):
    """The running interface ``name``, as ``/etc/wireguard/{name}.conf`` (a :class:`File` of the unit) wants it.

    ``address``: with the prefix length of the tunnel's network. ``port``: UDP. ``mtu``: bytes; None: not looked at.
    Everything in it is public. The unit's ``wg-quick@{name}.service`` makes it and takes it away.
    """

    kind: ClassVar[str] = "wireguard_interface"
    name: str
    address: str
    port: int
    public_key: str
    peers: tuple[WireguardPeer, ...]
    mtu: int | None = None


@dataclass(frozen=True, kw_only=True)
class WireguardPeers(Thing):
    """Each of the peers answers through the interface ``name``, within ``timeout`` seconds. Nothing is made."""

    kind: ClassVar[str] = "wireguard_peers"
    name: str
    peers: tuple[WireguardPeer, ...]
    timeout: float
