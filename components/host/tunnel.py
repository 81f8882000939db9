"""What a host's firewall knows of a tunnel to other hosts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """``interface``: its name here. ``network``: CIDR of who is behind it, and may reach the private ports.

    ``port``: UDP, open to ``peers`` alone (addresses of the other hosts, outside of the tunnel).
    """

    interface: str
    network: str
    port: int
    peers: tuple[str, ...]
