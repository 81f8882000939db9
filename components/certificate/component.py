"""The certificates of an environment's gateway as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificate.plan import CertificatePaths, CertificateSpec, certificates_unit
from components.remote import HostUnit, Target


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """``target``: the gateway's host. ``certificates``: for which domains, and from where."""

    target: Target
    certificates: CertificateSpec


class Certificate(pulumi.ComponentResource):
    """The certificates that the gateway serves, one for each domain.

    Owns, with a local CA, ``/etc/dhanman/certificates`` on the host; deleting it removes those files.
    Existing certificates are only required to be there: the unit fails, naming the missing file, before
    anything changes, and deleting it leaves them alone.
    """

    paths: dict[str, CertificatePaths]
    """Certificate and key of each domain."""

    ready: pulumi.Resource
    """What a gateway waits for before it reads the files."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:certificate:Certificate", name, None, opts)
        spec = args.certificates
        self.paths = {domain: spec.paths(domain) for domain in spec.domains}
        self.ready = HostUnit(
            f"{name}-files",
            args.target,
            certificates_unit(spec),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs(
            {"certificates": {domain: paths.certificate for domain, paths in self.paths.items()}}
        )
