"""From settings to what faces the outside: certificates, sites, the front end. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from components.certificate.plan import CertificatePaths, CertificateSource, CertificateSpec
from components.frontend.plan import FrontendSpec
from components.gateway.cloudflare import NETWORKS
from components.gateway.spec import GatewaySpec, Limits, Rate, Site, Snippets
from components.settings import Settings
from components.settings.values import CLOUDFLARE
from components.specs.applications import Release

CERTIFICATE_SOURCES = {"localCa": CertificateSource.LOCAL_CA, "existing": CertificateSource.EXISTING}


def certificates(settings: Settings) -> CertificateSpec:
    """The certificates of all domains."""
    return CertificateSpec(
        environment=settings.environment,
        source=CERTIFICATE_SOURCES[settings.certificates.source],
        domains=tuple(settings.domains),
        directory=settings.certificates.path,
    )


def gateway(settings: Settings, paths: Mapping[str, CertificatePaths]) -> GatewaySpec:
    """NGINX and the services' sites. ``paths``: the certificate of each domain."""
    limits = settings.gateway
    rates = {name: service.rate_limit or limits.rate_limit for name, service in settings.services.items()}
    return GatewaySpec(
        environment=settings.environment,
        sites=tuple(
            Site(
                service=name,
                domain=service.domain,
                certificate=paths[service.domain].certificate,
                certificate_key=paths[service.domain].key,
                rate=Rate(requests_per_second=rates[name].per_second, burst=rates[name].burst),
                hangfire_allow=service.hangfire_allow,
                canary_share=service.canary.share if service.canary else None,
            )
            for name, service in settings.services.items()
        ),
        limits=Limits(
            connections=limits.connections,
            client_timeout=limits.timeouts.client,
            client_max_body_size=str(limits.client_max_body_size),
            connect_timeout=limits.timeouts.connect,
            send_timeout=limits.timeouts.send,
            read_timeout=limits.timeouts.read,
        ),
        hsts_max_age=limits.hsts_max_age,
        http2=limits.http2,
        http3=limits.http3,
        trusted_proxies=tuple(
            network
            for proxy in limits.trusted_proxies
            for network in (NETWORKS if proxy == CLOUDFLARE else (proxy,))
        ),
        hangfire_users={name: hashed.get_secret_value() for name, hashed in limits.hangfire_users.items()},
        snippets=Snippets(http=limits.snippets.http, server=limits.snippets.server),
    )


def frontend(settings: Settings, paths: Mapping[str, CertificatePaths], artifact: Release) -> FrontendSpec:
    """The web front end. ``paths``: the certificate of each domain."""
    wanted = settings.frontend
    return FrontendSpec(
        environment=settings.environment,
        domain=wanted.domain,
        certificate=paths[wanted.domain].certificate,
        certificate_key=paths[wanted.domain].key,
        version=wanted.version,
        source=artifact.source,
        sha256=artifact.sha256,
        keep=wanted.keep_releases,
        services=tuple(service.domain for service in settings.services.values()),
        csp=wanted.csp,
        csp_report_only=wanted.csp_report_only,
    )
