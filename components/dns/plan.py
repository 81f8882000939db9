"""Which records a domain has, without a word to the DNS provider.

Source: the deployment document, section "Port Allocation" (the domains); Cloudflare's API reference, "DNS
Records".
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

AUTOMATIC_TTL = 1
"""Cloudflare's value for "automatic", the only one that a proxied record may have."""

_TTL_RANGE = range(60, 86_401)


@dataclass(frozen=True, kw_only=True)
class DnsRecordSpec:
    """A domain and where it points.

    ``domain``: fully qualified name inside ``zone``. ``ipv4`` and ``ipv6``: addresses of the gateway.
    ``ttl``: seconds, 60 to 86400, or :data:`AUTOMATIC_TTL`. ``proxied``: whether Cloudflare stands in
    between.
    """

    environment: str
    zone: str
    domain: str
    ipv4: str
    ipv6: str | None = None
    ttl: int = AUTOMATIC_TTL
    proxied: bool = False


@dataclass(frozen=True, kw_only=True)
class AddressRecord:
    """One record as the provider wants it."""

    type: Literal["A", "AAAA"]
    name: str
    content: str
    ttl: int
    proxied: bool
    comment: str


def _ascii(name: str) -> str:
    """The name as it goes over the wire: lower case, Punycode, no dot at the end."""
    return name.rstrip(".").lower().encode("idna").decode("ascii")


def address_records(spec: DnsRecordSpec) -> tuple[AddressRecord, ...]:
    """The A record of a domain and, with an IPv6 address, its AAAA record.

    Names are fully qualified: a relative one is changed by the first refresh, and renaming it may go
    unnoticed.

    Raises:
        ValueError: the domain is not in the zone, an address is not one, or the TTL is not possible. The
        provider
            would notice some of this, but only in the middle of an update.
    """
    name, zone = _ascii(spec.domain), _ascii(spec.zone)
    if name != zone and not name.endswith(f".{zone}"):
        raise ValueError(f"{spec.domain} is not in the zone {spec.zone}")
    if spec.ttl != AUTOMATIC_TTL and spec.ttl not in _TTL_RANGE:
        raise ValueError(f"{spec.domain}: the TTL must be 1 (automatic) or 60 to 86400, not {spec.ttl}")
    if spec.proxied and spec.ttl != AUTOMATIC_TTL:
        raise ValueError(f"{spec.domain}: a proxied record's TTL is 1 (automatic), not {spec.ttl}")

    def record(record_type: Literal["A", "AAAA"], content: str) -> AddressRecord:
        return AddressRecord(
            type=record_type,
            name=name,
            content=content,
            ttl=spec.ttl,
            proxied=spec.proxied,
            comment=f"Managed by Pulumi: dhanman, stack {spec.environment}",
        )

    records = [record("A", str(IPv4Address(spec.ipv4)))]
    if spec.ipv6 is not None:
        records.append(record("AAAA", str(IPv6Address(spec.ipv6))))
    return tuple(records)
