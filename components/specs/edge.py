"""From settings to what faces the outside: certificates, sites, the front end. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from components.certificate.pebble import plan as pebble
from components.certificate.spec import (
    PRODUCTION,
    STAGING,
    AcmeSpec,
    CertificatePaths,
    CertificateSource,
    CertificateSpec,
)
from components.frontend.plan import FrontendSpec
from components.gateway.cloudflare import NETWORKS
from components.gateway.spec import GatewaySpec, Limits, Rate, Site, Snippets
from components.settings import Acme, Settings
from components.settings.values import CLOUDFLARE
from components.specs.applications import Release

CERTIFICATE_SOURCES = {
    "acme": CertificateSource.ACME,
    "localCa": CertificateSource.LOCAL_CA,
    "existing": CertificateSource.EXISTING,
}
ACME_DIRECTORIES = {"production": PRODUCTION, "staging": STAGING, "pebble": pebble.DIRECTORY}


def certificates(settings: Settings) -> CertificateSpec:
    """The certificates of all domains."""
    asked = settings.certificates.asked
    return CertificateSpec(
        environment=settings.environment,
        source=CERTIFICATE_SOURCES[settings.certificates.source],
        domains=tuple(settings.domains),
        directory=settings.certificates.path,
        acme=_acme(settings, asked) if asked else None,
    )


def _acme(settings: Settings, asked: Acme) -> AcmeSpec:
    # what goes through Cloudflare's proxy answers with its addresses, which change
    dns, gateway = settings.dns, settings.host_of("gateway")[1]
    proxied = dns is not None and any(dns.proxied_at(name) for name in settings.domains)
    own = tuple(filter(None, (gateway.address, gateway.ipv6_address)))
    return AcmeSpec(
        directory=ACME_DIRECTORIES.get(asked.directory, asked.directory),
        authority=asked.ca_certificate,
        pebble=asked.directory == "pebble",
        challenge=asked.challenge,
        cloudflare_url=settings.cloudflare.base_url if settings.cloudflare else None,
        email=asked.email,
        one_per_name=asked.one_per_name,
        key_type=asked.key_type,
        renew_before=asked.renew_before,
        alert_before=asked.alert_before,
        addresses=() if proxied else own,
        dns_timeout=asked.dns_timeout,
        schedule=asked.schedule,
        jitter=asked.jitter,
        alerts=settings.alerts is not None,
    )


def acme_token(settings: Settings) -> str:
    """The token of Cloudflare's DNS that the gateway's host proves its names with; empty where it needs none."""
    asked = settings.certificates.asked
    token = asked.cloudflare_token if asked else None
    return token.get_secret_value() if token else ""


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
