"""The tunnel between an environment's hosts."""

from components.wireguard.component import Wireguard, WireguardArgs
from components.wireguard.plan import INTERFACE, Member, WireguardSpec

__all__ = ["INTERFACE", "Member", "Wireguard", "WireguardArgs", "WireguardSpec"]
