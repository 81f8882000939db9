"""The environment itself: the order in which its parts are made."""

from __future__ import annotations

import pulumi

from components import outputs
from components.dns.rfc2136.component import Looked
from components.environment import edge
from components.environment.backups import Backups
from components.environment.frame import Frame
from components.environment.hosts import Hosts
from components.environment.services import Services
from components.environment.stores import Stores
from components.remote import Observer
from components.settings import Settings


class Environment(pulumi.ComponentResource):
    """Everything of one environment. Deleting it removes it from its hosts; data stays unless the settings say so.

    ``observer``: what is on the hosts now; without it the plan follows from what was applied last.
    ``without_drill``: the reason to change what could lose data without a restore drill, or empty.
    ``names``: how the zone at a server of one's own differs from what is wanted, if it was asked.
    """

    def __init__(
        self,
        settings: Settings,
        observer: Observer | None = None,
        without_drill: str = "",
        names: Looked | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dhanman:environment:Environment", settings.environment, None, opts)
        frame = Frame(settings, self)
        hosts = Hosts(frame, observer, without_drill)
        stores = Stores(frame, hosts)
        services = Services(frame, hosts, stores)
        served = edge.serve(frame, hosts)
        Backups(frame, hosts, stores)
        edge.issue(frame, hosts, served, edge.name(frame, names))
        self.outputs = outputs.of(settings)
        self.outputs["rotation"] |= _rotated(settings, hosts, stores.retire(services.ready))
        self.register_outputs({})


def _rotated(
    settings: Settings, hosts: Hosts, retired: dict[str, pulumi.Resource]
) -> dict[str, pulumi.Output[int]]:
    """The number of each rotation that ends in this run, known once it has ended."""
    numbers = settings.rotation.model_dump()
    ended = {name: _after(numbers[name], unit) for name, unit in retired.items()}
    if hosts.tunnel and numbers["wireguard"]:
        ended["wireguard"] = _after(numbers["wireguard"], *hosts.tunnel.ready.values())
    return ended


def _after(number: int, *resources: pulumi.Resource) -> pulumi.Output[int]:
    # an URN arrives when its resource is made: a run that fails before writes no number into the stack's outputs
    return pulumi.Output.all(*(resource.urn for resource in resources)).apply(lambda _: number)
