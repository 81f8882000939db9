"""A release set as a Pulumi component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.microservice import Microservice
from components.release_set.plan import release_set_unit, release_set_unit_name
from components.remote import HostUnit, Target
from components.unit import Member, Unit


@dataclass(frozen=True, kw_only=True)
class ReleaseSetArgs:
    """``target``: the services' host. ``services``: those that change together."""

    target: Target
    environment: str
    services: Sequence[Microservice]


class ReleaseSet(pulumi.ComponentResource):
    """Services that must change together: their new releases serve all at once, or none of them does.

    Each service's own unit lays its release ready in the slot that does not serve; this one starts them all, waits
    until all are ready, and leads connections to all of them. If one refuses, all stay with what served before.
    Deleting it changes nothing on the host: each service is deployed alone from then on.
    """

    ready: pulumi.Resource
    """What waits for the services to run what they are to run."""

    def __init__(self, name: str, args: ReleaseSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:release_set:ReleaseSet", name, None, opts)
        services, environment = args.services, args.environment

        def unit(marks: Mapping[str, str]) -> Unit:
            members = [Member(service=s.base, version=s.version, mark=marks[s.base]) for s in services]
            return release_set_unit(environment, name, members, [service.port for service in services])

        self.ready = HostUnit(
            f"{name}-release-set",
            args.target.after(*(service.ready for service in services)),
            pulumi.Output.all(**{service.base: service.mark for service in services}).apply(unit),
            named=release_set_unit_name(environment, name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
