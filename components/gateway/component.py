"""The gateway as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.gateway.plan import gateway_unit
from components.gateway.spec import GatewaySpec
from components.remote import HostUnit, Target


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """``target``: the host it runs on, ready once the certificates are there. ``gateway``: what it serves."""

    target: Target
    gateway: GatewaySpec


class Gateway(pulumi.ComponentResource):
    """NGINX in front of one environment's services, from TLS to the Unix socket of the current release.

    Owns the package, ``/etc/nginx/conf.d/dhanman.conf``, ``/etc/nginx/dhanman`` and the environment's site on
    its host. Expects the certificates of its domains; the services themselves may come later, until then
    their domains answer 502. Deleting it takes the sites away, brings the package's default site back, and
    removes NGINX if this program installed it; logs stay.
    """

    urls: dict[str, str]
    """Where each service is reached."""

    ready: pulumi.Resource
    """What other sites of the same NGINX wait for."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:gateway:Gateway", name, None, opts)
        self.urls = {site.service: f"https://{site.domain}" for site in args.gateway.sites}
        self.ready = HostUnit(
            f"{name}-nginx",
            args.target,
            gateway_unit(args.gateway),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"urls": self.urls})
