"""Records at one's own server as a Pulumi component."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pulumi

from components.dns.rfc2136.spec import WantedZone
from components.remote import LocalScript


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look at the server has found: what differs from what is wanted, and what is in the way."""

    told: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Another one for every difference; empty without one."""
        lines = (*self.told, *self.refused)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


@dataclass(frozen=True, kw_only=True)
class DnsZoneArgs:
    """``looked``: what the server was found to have; None where it was not asked."""

    wanted: WantedZone
    looked: Looked | None = None


class DnsZone(pulumi.ComponentResource):
    """All records of the environment, in one signed update of the zone's primary server.

    A program on the deploying machine sends it. Records that others have made are refused unless they are to be
    adopted; records of others in the zone are left alone. What was found to differ is shown in a preview and put right.
    Deleting it takes all of our records out of the zone, and nothing else.
    """

    ready: pulumi.Resource
    """The update."""

    def __init__(self, name: str, args: DnsZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:dns:DnsZone", name, None, opts)
        looked = args.looked or Looked()
        self.ready = LocalScript(
            f"{name}-{args.wanted.zone}",
            "components.dns.rfc2136",
            args.wanted.text(),
            delete="components.dns.rfc2136.remove",
            drift=looked.mark,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if pulumi.runtime.is_dry_run():
            for line in looked.told if not looked.refused else ():
                pulumi.log.info(f"at {args.wanted.server}, will be changed: {line}", self.ready)
            for line in looked.refused:
                pulumi.log.warn(f"up will refuse: {line}", self.ready)
        self.register_outputs({"zone": args.wanted.zone})
