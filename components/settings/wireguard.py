"""A private network of the environment's own hosts, for where the provider has none."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.settings.base import Model
from components.settings.values import Network, Seconds, UnprivilegedPort, WholeNumber


class Wireguard(Model):
    """A WireGuard tunnel between all hosts; each host's ``privateAddress`` is its address in it.

    ``range``: the tunnel's own network. ``port``: UDP. ``mtu`` (bytes): of the interface; None: what wg-quick finds.
    ``keepalive`` (seconds): how often a packet keeps the way open through a NAT. ``implementation``: ``auto`` is the
    kernel's, and wireguard-go where it has none; ``kernel`` never installs wireguard-go.
    """

    range: Network
    port: UnprivilegedPort = 51820
    # 1280 is the least that IPv6 can do with; 80 bytes of a jumbo frame are the tunnel's
    mtu: Annotated[WholeNumber, Field(ge=1280, le=8920)] | None = None
    keepalive: Seconds | None = None
    implementation: Literal["auto", "kernel"] = "auto"
