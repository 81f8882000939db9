"""The certificates of an environment's gateway as Pulumi components."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.certificate.acme.plan import issued_unit
from components.certificate.pebble.plan import pebble_unit
from components.certificate.plan import certificates_unit
from components.certificate.spec import CertificatePaths, CertificateSpec
from components.remote import HostUnit, Target


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """``target``: the gateway's host. ``certificates``: for which domains, and from where.

    ``token``: of Cloudflare's DNS, where an ACME server finds the proof there; else empty.
    """

    target: Target
    certificates: CertificateSpec
    token: pulumi.Input[str] = ""


class Certificate(pulumi.ComponentResource):
    """The certificates that the gateway serves: one for each domain, or one for all.

    Owns, with a local CA, ``/etc/dhanman/certificates`` on the host; deleting it removes those files.
    With an ACME server it owns the client, the timer that renews, and ``/etc/dhanman/acme``, where placeholders let
    NGINX start; deleting it takes client and timer away, and keeps keys, certificates and the account unless data goes.
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
        unit = (
            certificates_unit(spec)
            if args.token == ""
            else pulumi.Output.secret(args.token).apply(lambda token: certificates_unit(spec, token))
        )
        # from one source to another everything of the old one stays until no site of NGINX names it: what is no longer
        # registered is deleted last
        self.ready = HostUnit(
            f"{name}-acme" if spec.acme else f"{name}-files",
            args.target,
            unit,
            named=spec.unit,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs(
            {"certificates": {domain: paths.certificate for domain, paths in self.paths.items()}}
        )


@dataclass(frozen=True, kw_only=True)
class IssuedCertificatesArgs:
    """``target``: the gateway's host, ready once NGINX serves every domain and DNS leads there."""

    target: Target
    certificates: CertificateSpec


class IssuedCertificates(pulumi.ComponentResource):
    """The moment from which every certificate is the ACME server's own, and NGINX serves it.

    Owns nothing: it asks for what is missing or wrong. It fails in plain words if the server does not issue; then what
    was served before goes on being served, and the timer tries again. Deleting it takes nothing away.
    """

    def __init__(
        self, name: str, args: IssuedCertificatesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:certificate:IssuedCertificates", name, None, opts)
        spec = args.certificates
        if spec.acme is None:
            raise TypeError(f"{name}: only an ACME server issues")
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-served",
            args.target,
            issued_unit(spec, spec.acme),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class AcmeServerArgs:
    """``target``: the host that it runs on, and that all names lead to."""

    target: Target
    environment: str


class AcmeServer(pulumi.ComponentResource):
    """Pebble, a test server, on the gateway's own host, and a DNS that leads every name there.

    Owns the package, both services and ``/etc/dhanman/pebble``; deleting it removes all of them.
    """

    def __init__(self, name: str, args: AcmeServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:certificate:AcmeServer", name, None, opts)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-pebble",
            args.target,
            pebble_unit(args.environment, args.target.address),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
