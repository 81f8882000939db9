"""The front end as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.frontend.plan import FrontendSpec, frontend_unit
from components.remote import HostUnit, Target, Upload


@dataclass(frozen=True, kw_only=True)
class FrontendArgs:
    """``target``: the gateway's host, ready once its gateway is. ``frontend``: what it serves.

    ``artifact``: the tar.gz on this machine, uploaded to ``frontend.source``; None if the host fetches a URL.
    """

    target: Target
    frontend: FrontendSpec
    artifact: Path | None


class Frontend(pulumi.ComponentResource):
    """The single-page application of one environment, served by the gateway's NGINX.

    Owns the releases in ``/opt/dhanman/{env}/frontend``, the link ``/var/www/frontend/{env}/build`` and its
    site. Expects the gateway's snippets in ``/etc/nginx/dhanman``. Deleting it removes all of that; its
    domain is then turned away by the gateway.
    """

    url: str
    """Where the application is reached."""

    ready: pulumi.Resource
    """The last resource of this component."""

    def __init__(self, name: str, args: FrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:frontend:Frontend", name, None, opts)
        self.url = f"https://{args.frontend.domain}"
        child = pulumi.ResourceOptions(parent=self)
        before: list[pulumi.Resource] = []
        if args.artifact is not None:
            before = [
                Upload(f"{name}-artifact", args.target, args.artifact, args.frontend.source, opts=child)
            ]
        self.ready = HostUnit(
            f"{name}-site", args.target, frontend_unit(args.frontend), depends_on=before, opts=child
        )
        self.register_outputs({"url": self.url, "version": args.frontend.version})
