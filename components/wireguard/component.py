"""A WireGuard tunnel between hosts as a Pulumi component."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pulumi
import pulumi_random as random

from components.foreseen import foreseen
from components.remote import HostUnit, Target
from components.wireguard.keys import LENGTH, KeyPair, key_pair
from components.wireguard.plan import WireguardSpec, interface_unit, peers_unit

_STAND_IN = base64.b64encode(b"x" * LENGTH).decode()


@dataclass(frozen=True, kw_only=True)
class WireguardArgs:
    """``targets``: the hosts, by name, with their firewalls. ``rotation``: how often the keys were changed."""

    targets: Mapping[str, Target]
    spec: WireguardSpec
    rotation: int = 0


class Wireguard(pulumi.ComponentResource):
    """A private network of an environment's hosts, encrypted and authenticated by a key of each host.

    Owns the key pairs (generated, secret, kept in the state), on each host the unit ``wireguard`` with the interface,
    and the unit ``wireguard-peers``, which fails where another host does not answer. The second comes after every
    first one, so no host waits for one that has not been configured. Deleting it takes the interface and the keys
    away, and the packages if this program installed them. ``ready``: by host, what has been applied once it reaches
    all others.
    """

    ready: dict[str, pulumi.Resource]

    def __init__(self, name: str, args: WireguardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:wireguard:Wireguard", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        spec, targets = args.spec, args.targets
        pairs = {host: self._pair(f"{name}-{host}-key", args.rotation) for host in targets}
        keys: pulumi.Output[dict[str, KeyPair]] = pulumi.Output.all(**pairs)
        interfaces = [
            HostUnit(
                f"{name}-{host}",
                target,
                keys.apply(partial(interface_unit, spec, host)),
                named="wireguard",
                opts=child,
            )
            for host, target in targets.items()
        ]
        self.ready = {
            host: HostUnit(
                f"{name}-{host}-peers",
                target,
                keys.apply(partial(peers_unit, spec, host)),
                named="wireguard-peers",
                depends_on=interfaces,
                opts=child,
            )
            for host, target in targets.items()
        }
        self.register_outputs({"network": spec.network})

    def _pair(self, name: str, rotation: int) -> pulumi.Output[KeyPair]:
        made = random.RandomBytes(
            name,
            length=LENGTH,
            keepers={"turn": str(rotation)} if rotation else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return foreseen(made.base64, _STAND_IN).apply(key_pair)
