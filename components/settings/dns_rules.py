"""What must hold between the settings of the records and those around them."""

from __future__ import annotations

from collections.abc import Iterator

from components.settings.dns import AUTOMATIC_TTL
from components.settings.finding import Finding, Rule
from components.settings.model import StackFile
from components.settings.problems import Path

_FIRST_TTL = 60


def provider_has_what_it_needs(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Each provider has its own keys, and none of another."""
    dns = file.dns
    if dns is None:
        return
    also: tuple[Path, ...] = (("dns", "provider"),)
    needed = {"cloudflare": ("zoneId", dns.zone_id), "rfc2136": ("rfc2136", dns.rfc2136)}
    for provider, (key, value) in needed.items():
        if provider == dns.provider and value is None:
            yield Finding(("dns", key), f"is missing: provider {provider} needs it", also)
        elif provider != dns.provider and value is not None:
            yield Finding(("dns", key), f"is for provider {provider}, not for {dns.provider}", also)
    if dns.imports and dns.provider != "cloudflare":
        yield Finding(("dns", "imports"), f"is for provider cloudflare, not for {dns.provider}", also)
    if dns.adopt and dns.provider != "rfc2136":
        text = "is for provider rfc2136; at Cloudflare the records are named in imports"
        yield Finding(("dns", "adopt"), text, also)


def ttls_are_possible(_stack: str, file: StackFile) -> Iterator[Finding]:
    """At Cloudflare 1 is automatic, and what is proxied is that; elsewhere there is no such thing."""
    dns = file.dns
    if dns is None:
        return
    also: tuple[Path, ...] = (("dns", "provider"), ("dns", "proxied"))
    at: list[tuple[Path, int | None, bool]] = [(("dns",), dns.ttl, dns.proxied)]
    at += [(("dns", "names", name), own.ttl, dns.proxied_at(name)) for name, own in dns.names.items()]
    for above, ttl, proxied in at:
        path = (*above, "ttl")
        if dns.provider != "cloudflare":
            if proxied and (above == ("dns",) or not dns.proxied):
                yield Finding((*above, "proxied"), "is for provider cloudflare alone", also)
            if ttl == AUTOMATIC_TTL:
                yield Finding(
                    path,
                    "1 (automatic) is for provider cloudflare alone; leave it out, or name seconds",
                    also,
                )
        elif ttl is not None and AUTOMATIC_TTL < ttl < _FIRST_TTL:
            yield Finding(path, "must be 1 (automatic) or 60 to 86400 seconds", also)
        elif proxied and ttl not in (None, AUTOMATIC_TTL):
            yield Finding(path, "must be 1 (automatic), since the records are proxied; leave it out", also)


def names_are_in_the_zone(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Every name that a record is to have is in the zone; single domains are some of the environment."""
    dns = file.dns
    if dns is None:
        return
    domains = {*(service.domain for service in file.services.values()), file.frontend.domain}
    for name in dns.names:
        if name not in domains:
            text = f"{name} is no domain of this environment; it has {', '.join(sorted(domains))}"
            also = (*(("services", service, "domain") for service in file.services), ("frontend", "domain"))
            yield Finding(("dns", "names", name), text, also)
    named: list[tuple[Path, str]] = [
        (("dns", "caa", "names", str(number)), name)
        for number, name in enumerate((dns.caa.names if dns.caa else None) or ())
    ]
    if dns.mail and dns.mail.domain:
        named.append((("dns", "mail", "domain"), dns.mail.domain))
    for path, name in named:
        if name != dns.zone and not name.endswith(f".{dns.zone}"):
            yield Finding(path, f"{name} is not in the zone {dns.zone}", (("dns", "zone"),))


def hosts_have_addresses_of_their_kind(_stack: str, file: StackFile) -> Iterator[Finding]:
    """``ipv6Address`` is one, and beside an IPv4 address."""
    for name, host in file.hosts.items():
        if host.ipv6_address is None:
            continue
        path = ("hosts", name, "ipv6Address")
        if ":" not in host.ipv6_address:
            yield Finding(path, f"{host.ipv6_address} is no IPv6 address")
        if ":" in host.address:
            yield Finding(
                path, "can't be beside an address that is IPv6 itself", (("hosts", name, "address"),)
            )


DNS_RULES: tuple[Rule, ...] = (
    provider_has_what_it_needs,
    ttls_are_possible,
    names_are_in_the_zone,
    hosts_have_addresses_of_their_kind,
)
