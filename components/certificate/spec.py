"""What the certificates of an environment are made from.

Source: the deployment document, sections "Reverse Proxy Setup" (the paths) and "SSL/TLS Configuration"; Let's Encrypt's
documentation, "Staging Environment" and "Rate Limits".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.naming import CONFIG_ROOT


class CertificateSource(StrEnum):
    """Who makes the certificates.

    ``LOCAL_CA``: a CA that is made on the host; no browser trusts it, so it is for local and test
    environments. ``EXISTING``: somebody else (certbot on a server that already runs); this program reads them
    and renews nothing. ``ACME``: Let's Encrypt or another ACME server, asked and asked again by the host itself.
    """

    LOCAL_CA = "local_ca"
    EXISTING = "existing"
    ACME = "acme"


ACME_ROOT = f"{CONFIG_ROOT}/acme"
"""Below this: what is served (``live``), what was served, and the account at the ACME server."""

DEFAULT_DIRECTORIES = {
    CertificateSource.LOCAL_CA: f"{CONFIG_ROOT}/certificates",
    CertificateSource.EXISTING: "/etc/letsencrypt/live",
    CertificateSource.ACME: f"{ACME_ROOT}/live",
}
"""Below these, each certificate has a folder of its own."""

PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory"
STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


@dataclass(frozen=True, kw_only=True)
class CertificatePaths:
    """The two PEM files that NGINX reads for one domain."""

    certificate: str
    key: str


@dataclass(frozen=True, kw_only=True)
class AcmeSpec:
    """How an ACME server is asked.

    ``directory``: its URL. ``authority``: PEM of a private CA that vouches for it. ``pebble``: it is the test server on
    the host itself. ``challenge``: ``http-01``, or ``dns-01`` at Cloudflare, whose API is at ``cloudflare_url``
    (None: its own). ``one_per_name``: a certificate for each
    domain, or one for all. ``key_type``: ``ecdsa`` or ``rsa``. ``renew_before``, ``alert_before``: days before the
    end; None: a third and a sixth of the certificate's life. ``addresses``: what DNS must answer; empty: anything.
    ``dns_timeout``: seconds to wait for that; 0: no look at DNS. ``schedule``: a systemd calendar; ``jitter``: seconds.
    ``alerts``: whether the host has a notifier.
    """

    directory: str = PRODUCTION
    authority: str | None = None
    pebble: bool = False
    challenge: str = "http-01"
    cloudflare_url: str | None = None
    email: str | None = None
    one_per_name: bool = True
    key_type: str = "ecdsa"
    renew_before: int | None = None
    alert_before: int | None = None
    addresses: tuple[str, ...] = ()
    dns_timeout: int = 300
    schedule: str = "*-*-* 03,15:00:00"
    jitter: int = 7200
    alerts: bool = False


@dataclass(frozen=True, kw_only=True)
class CertificateSpec:
    """The certificates of one environment's gateway.

    ``domains``: fully qualified names. ``directory``: parent of the certificates' folders, or None for the source's own
    default. ``acme``: how they are asked for, with the source of that name alone.
    """

    environment: str
    source: CertificateSource
    domains: tuple[str, ...]
    directory: str | None = None
    acme: AcmeSpec | None = None

    @property
    def root(self) -> str:
        """The directory that is in force."""
        return self.directory or DEFAULT_DIRECTORIES[self.source]

    @property
    def unit(self) -> str:
        """Name of the unit on the host; another one with an ACME server."""
        return f"certificates-acme-{self.environment}" if self.acme else f"certificates-{self.environment}"

    @property
    def certificates(self) -> dict[str, tuple[str, ...]]:
        """The domains of each certificate, by the name of its folder."""
        if self.acme and not self.acme.one_per_name:
            return {f"dhanman-{self.environment}": self.domains}
        return {domain: (domain,) for domain in self.domains}

    def paths(self, domain: str) -> CertificatePaths:
        """Where the certificate of one domain is."""
        name = next(name for name, domains in self.certificates.items() if domain in domains)
        folder = f"{self.root}/{name}"
        return CertificatePaths(certificate=f"{folder}/fullchain.pem", key=f"{folder}/privkey.pem")
