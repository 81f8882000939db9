"""Which records an environment has, without a word to a DNS server or provider.

Source: the deployment document, section "Port Allocation" (the domains); RFC 1035 (A, CNAME, TXT), 3596 (AAAA), 8659
(CAA), 7208 (SPF), 6376 (DKIM), 7489 (DMARC).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

AUTOMATIC_TTL = 1
"""Cloudflare's value for "automatic", the only one that a proxied record may have."""

RecordType = Literal["A", "AAAA", "CAA", "CNAME", "TXT"]
_TTL_RANGE = range(1, 86_401)
_STRING_LENGTH = 255
_SPF_ENDS = {"neutral": "?all", "softfail": "~all", "fail": "-all"}
NOBODY = ";"
"""As an issuer: no authority may (RFC 8659, section 4.2)."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A domain that leads to the gateway. ``ttl``: seconds, or :data:`AUTOMATIC_TTL`. ``proxied``: by Cloudflare."""

    name: str
    ttl: int
    proxied: bool = False


@dataclass(frozen=True, kw_only=True)
class CaaSpec:
    """Who may issue certificates. ``wildcard_issuers``: None is ``issuers``, none is nobody. ``names``: for which."""

    names: tuple[str, ...]
    issuers: tuple[str, ...]
    wildcard_issuers: tuple[str, ...] | None = None
    iodef: str | None = None


@dataclass(frozen=True, kw_only=True)
class MailSpec:
    """What says that a mail relay may send for ``domain``.

    ``verification``: a text at the domain. ``spf_include``: domains of relays, none for no SPF record; ``spf_all``:
    ``neutral``, ``softfail`` or ``fail``. ``dkim``: by selector, the type of its record and what it says.
    ``dmarc_rua``: mailboxes, none for no DMARC record.
    """

    domain: str
    verification: str | None = None
    spf_include: tuple[str, ...] = ()
    spf_all: str = "softfail"
    dkim: tuple[tuple[str, Literal["CNAME", "TXT"], str], ...] = ()
    dmarc_policy: str = "none"
    dmarc_subdomain_policy: str | None = None
    dmarc_rua: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DnsSpec:
    """The names of one environment. ``ipv4``, ``ipv6``: the gateway's addresses. ``ttl``: of what is no address."""

    zone: str
    domains: tuple[Domain, ...]
    ipv4: str | None
    ipv6: str | None
    ttl: int
    caa: CaaSpec | None = None
    mail: MailSpec | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record.

    ``key``: its name in this project. ``group``: what it is there for: a domain, or ``mail``. ``name``: fully
    qualified, no dot at the end, as ``content`` of a CNAME. ``content`` of TXT is the bare text, of CAA the three
    fields. ``starts``: of all TXT records at the name it takes the place of those that start so.
    """

    key: str
    group: str
    type: RecordType
    name: str
    content: str
    ttl: int
    proxied: bool = False
    starts: str = ""

    @property
    def rdata(self) -> str:
        """The content as a master file has it (RFC 1035, section 5.1)."""
        if self.type == "TXT":
            return quoted(self.content)
        return f"{self.content}." if self.type == "CNAME" else self.content

    @property
    def slot(self) -> tuple[str, RecordType, str]:
        """What has to be free, or ours, for the record to be made."""
        return self.name, self.type, self.starts


def ascii_name(name: str) -> str:
    """The name as it goes over the wire: lower case, Punycode, no dot at the end."""
    return name.rstrip(".").lower().encode("idna").decode("ascii")


def quoted(text: str) -> str:
    """A text as character strings of at most 255 bytes (RFC 1035, section 3.3)."""
    raw = text.encode("ascii")
    parts = [raw[start : start + _STRING_LENGTH] for start in range(0, len(raw) or 1, _STRING_LENGTH)]
    return " ".join('"' + part.decode().replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def comment(environment: str) -> str:
    """What says whose a record is, where a provider keeps a comment."""
    return f"Managed by Pulumi: dhanman, stack {environment}"


def records(spec: DnsSpec) -> tuple[Record, ...]:
    """All records, in an order that follows from the settings alone.

    Names are fully qualified: Cloudflare's provider changes a relative one with the first refresh, and renaming it may
    go unnoticed.

    Raises:
        ValueError: a name is not in the zone, an address is not one, or a TTL is not possible. A provider would
        notice some of this, but only in the middle of an update.
    """
    found = (*_addresses(spec), *_caa(spec), *_mail(spec))
    zone = ascii_name(spec.zone)
    for record in found:
        if record.name != zone and not record.name.endswith(f".{zone}"):
            raise ValueError(f"{record.name} is not in the zone {spec.zone}")
        if record.ttl not in _TTL_RANGE:
            raise ValueError(f"{record.name}: the TTL must be 1 (automatic) to 86400, not {record.ttl}")
        if record.proxied and record.ttl != AUTOMATIC_TTL:
            raise ValueError(f"{record.name}: a proxied record's TTL is 1 (automatic), not {record.ttl}")
    return found


def _addresses(spec: DnsSpec) -> Iterator[Record]:
    at: list[tuple[Literal["A", "AAAA"], str]] = []
    if spec.ipv4 is not None:
        at.append(("A", str(IPv4Address(spec.ipv4))))
    if spec.ipv6 is not None:
        at.append(("AAAA", str(IPv6Address(spec.ipv6))))
    for domain in spec.domains:
        for kind, address in at:
            yield Record(
                key=f"{domain.name}-{kind.lower()}",
                group=domain.name,
                type=kind,
                name=ascii_name(domain.name),
                content=address,
                ttl=domain.ttl,
                proxied=domain.proxied,
            )


def _caa(spec: DnsSpec) -> Iterator[Record]:
    caa = spec.caa
    if caa is None:
        return
    said = [("issue", issuer) for issuer in caa.issuers]
    if caa.wildcard_issuers is not None:
        said += [("issuewild", issuer) for issuer in caa.wildcard_issuers or (NOBODY,)]
    if caa.iodef:
        said.append(("iodef", caa.iodef))
    for name in caa.names:
        for tag, value in said:
            which = "" if tag == "iodef" else f"-{'nobody' if value == NOBODY else value}"
            yield Record(
                key=f"{name}-caa-{tag}{which}",
                group=name,
                type="CAA",
                name=ascii_name(name),
                content=f'0 {tag} "{value}"',
                ttl=spec.ttl,
            )


def _mail(spec: DnsSpec) -> Iterator[Record]:
    mail = spec.mail
    if mail is None:
        return
    name = ascii_name(mail.domain)

    def record(what: str, kind: RecordType, at: str, content: str, starts: str = "") -> Record:
        return Record(
            key=f"{mail.domain}-{what}",
            group="mail",
            type=kind,
            name=at,
            content=content,
            ttl=spec.ttl,
            starts=starts,
        )

    if mail.verification:
        yield record("verification", "TXT", name, mail.verification, mail.verification)
    if mail.spf_include:
        said = " ".join(f"include:{domain}" for domain in mail.spf_include)
        yield record("spf", "TXT", name, f"v=spf1 {said} {_SPF_ENDS[mail.spf_all]}", "v=spf1")
    for selector, kind, content in mail.dkim:
        yield record(f"dkim-{selector}", kind, f"{selector}._domainkey.{name}", content)
    if mail.dmarc_rua:
        below = f" sp={mail.dmarc_subdomain_policy};" if mail.dmarc_subdomain_policy else ""
        rua = ",".join(f"mailto:{mailbox}" for mailbox in mail.dmarc_rua)
        policy = f"v=DMARC1; p={mail.dmarc_policy};{below} rua={rua}"
        yield record("dmarc", "TXT", f"_dmarc.{name}", policy, "v=DMARC1")
