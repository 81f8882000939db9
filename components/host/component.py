"""A server as a resource."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.host.plan import access_unit, base_unit
from components.host.spec import HostSpec
from components.remote import HostUnit, Target
from components.remote.confirm import Confirm


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """``target``: the host with its connection, bootstrapped. ``spec``: what it is to be."""

    target: Target
    spec: HostSpec


class Host(pulumi.ComponentResource):
    """A server that is ready for services: base system, SSH and firewall.

    Owns the units ``base`` and ``access`` and the confirmation of the latter over a new connection. Deleting it
    takes back its files and folders and removes the packages that it brought; SSH and the firewall are as they
    were before. ``target`` is the host for everything that comes after, ``ready`` the last resource.
    """

    target: Target
    ready: pulumi.Resource

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:host:Host", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access_plan = access_unit(args.spec)
        base = HostUnit(f"{name}-base", args.target, base_unit(args.spec), opts=child)
        access = HostUnit(f"{name}-access", args.target, access_plan, depends_on=[base], opts=child)
        confirm = Confirm(
            f"{name}-access-over-a-new-connection", args.target, access_plan, depends_on=[access], opts=child
        )
        self.ready = confirm
        self.target = args.target.after(base, confirm)
        self.register_outputs({"address": args.target.address})
