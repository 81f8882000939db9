"""What the certificates of an environment's domains are on the host.

Source: the deployment document, sections "Reverse Proxy Setup" (the paths) and "SSL/TLS Configuration".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.naming import CONFIG_ROOT
from components.unit import Directory, LocalCertificate, Packages, PathPresent, Thing, Unit


class CertificateSource(StrEnum):
    """Who makes the certificates.

    ``LOCAL_CA``: a CA that is made on the host; no browser trusts it, so it is for local and test
    environments. ``EXISTING``: somebody else (certbot on a server that already runs); this program reads them
    and renews nothing.
    """

    LOCAL_CA = "local_ca"
    EXISTING = "existing"


DEFAULT_DIRECTORIES = {
    CertificateSource.LOCAL_CA: f"{CONFIG_ROOT}/certificates",
    CertificateSource.EXISTING: "/etc/letsencrypt/live",
}
"""Below these, each domain has a folder of its own."""


@dataclass(frozen=True, kw_only=True)
class CertificatePaths:
    """The two PEM files that NGINX reads for one domain."""

    certificate: str
    key: str


@dataclass(frozen=True, kw_only=True)
class CertificateSpec:
    """The certificates of one environment's gateway.

    ``domains``: fully qualified names, one certificate each. ``directory``: parent of the domains' folders,
    or None for the source's own default.
    """

    environment: str
    source: CertificateSource
    domains: tuple[str, ...]
    directory: str | None = None

    @property
    def root(self) -> str:
        """The directory that is in force."""
        return self.directory or DEFAULT_DIRECTORIES[self.source]

    def paths(self, domain: str) -> CertificatePaths:
        """Where the certificate of one domain is."""
        folder = f"{self.root}/{domain}"
        return CertificatePaths(certificate=f"{folder}/fullchain.pem", key=f"{folder}/privkey.pem")


def _present(spec: CertificateSpec, domain: str) -> tuple[PathPresent, ...]:
    hint = (
        f"get a certificate for {domain} on the host "
        f"(certbot certonly --webroot -w /var/www/acme -d {domain}), "
        "or change where certificates come from in the stack's settings"
    )
    paths = spec.paths(domain)
    return tuple(PathPresent(path=path, hint=hint) for path in (paths.certificate, paths.key))


def certificates_unit(spec: CertificateSpec) -> Unit:
    """The unit ``certificates-{env}``: every domain's certificate is on the host when it has been applied."""
    name = f"certificates-{spec.environment}"
    things: list[Thing]
    if spec.source is CertificateSource.LOCAL_CA:
        things = [
            Packages(name=name, packages=("openssl",)),
            Directory(path=spec.root),
            *(
                # A renewed certificate reaches clients only once NGINX has read it again.
                LocalCertificate(directory=spec.root, domain=domain, notify=("reload nginx.service",))
                for domain in spec.domains
            ),
        ]
    else:
        things = [thing for domain in spec.domains for thing in _present(spec, domain)]
    return Unit(name=name, things=tuple(things))
