"""From settings to the records of the environment's names. Pure."""

from __future__ import annotations

from components.dns.plan import CaaSpec, DnsSpec, Domain, MailSpec, Record, records
from components.dns.rfc2136.spec import WantedZone, wanted_records
from components.dns.zone_file import zone_file
from components.settings import Dns, Settings
from components.settings.dns import Caa, Mail
from components.settings.placeholders import config_command


def dns_records(settings: Settings, dns: Dns) -> tuple[Record, ...]:
    """Every record: addresses of the gateway's host, and what the settings say of certificates and mail."""
    host = settings.host_of("gateway")[1]
    only_ipv6 = ":" in host.address
    return records(
        DnsSpec(
            zone=dns.zone,
            domains=tuple(
                Domain(name=name, ttl=dns.ttl_at(name), proxied=dns.proxied_at(name))
                for name in settings.domains
            ),
            ipv4=None if only_ipv6 else host.address,
            ipv6=host.address if only_ipv6 else host.ipv6_address,
            ttl=dns.default_ttl,
            caa=_caa(settings, dns.caa) if dns.caa else None,
            mail=_mail(dns, dns.mail) if dns.mail else None,
        )
    )


def _caa(settings: Settings, caa: Caa) -> CaaSpec:
    return CaaSpec(
        names=caa.names or tuple(settings.domains),
        issuers=caa.issuers,
        wildcard_issuers=caa.wildcard_issuers,
        iodef=caa.iodef,
    )


def _mail(dns: Dns, mail: Mail) -> MailSpec:
    spf, dmarc = mail.spf, mail.dmarc
    return MailSpec(
        domain=mail.domain or dns.zone,
        verification=mail.verification,
        spf_include=spf.include if spf else (),
        spf_all=spf.all if spf else "softfail",
        dkim=tuple(
            (selector, "CNAME", key.cname) if key.cname else (selector, "TXT", key.txt or "")
            for selector, key in mail.dkim.items()
        ),
        dmarc_policy=dmarc.policy if dmarc else "none",
        dmarc_subdomain_policy=dmarc.subdomain_policy if dmarc else None,
        dmarc_rua=dmarc.rua if dmarc else (),
    )


def dns_zone_file(settings: Settings, dns: Dns) -> str:
    """The records as lines to paste."""
    return zone_file(dns.zone, dns_records(settings, dns), f"dhanman, stack {settings.stack}")


def dns_zone(settings: Settings, dns: Dns) -> WantedZone | None:
    """The records for a server of one's own, if they are kept there."""
    at = dns.rfc2136
    if dns.provider != "rfc2136" or at is None:
        return None
    return WantedZone(
        server=at.server,
        port=at.port,
        zone=dns.zone,
        environment=settings.environment,
        key_name=at.key.name,
        algorithm=at.key.algorithm,
        secret=at.key.secret.get_secret_value(),
        adopt=dns.adopt,
        records=wanted_records(dns_records(settings, dns)),
    )


def import_command(settings: Settings, key: str) -> str:
    """What takes a record at Cloudflare over as the one of that key; ``{id}`` stands for its id there."""
    return config_command(settings.stack, ("dns", "imports", key), "{id}")
