"""Public names: who keeps their records, and what they say."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from components.settings.base import Model
from components.settings.values import Address, Domain, Email, Port, Secret, WholeNumber, matching

AUTOMATIC_TTL = 1
"""Cloudflare's value for "automatic"."""
OTHERS_TTL = 300
"""Seconds, where there is no "automatic"."""

Ttl = Annotated[WholeNumber, Field(ge=1, le=86400)]
Issuer = Domain
Contact = Annotated[
    str,
    matching(
        r"mailto:[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+|https://[A-Za-z0-9._~/-]+",
        "must be mailto: with an e-mail address, or a https:// address",
    ),
]
Selector = Annotated[
    str,
    matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "must be a DKIM selector such as brevo1"),
]
DkimText = Annotated[
    str,
    matching(
        r"(v=DKIM1; ?)?(k=[a-z0-9]+; ?)?p=[A-Za-z0-9+/=]+;?",
        "must be a DKIM key record such as k=rsa;p=MIGf... (RFC 6376, section 3.6.1)",
    ),
]
Verification = Annotated[
    str,
    matching(r"[A-Za-z0-9][A-Za-z0-9._=-]*:[A-Za-z0-9._=-]+", "must be a code such as brevo-code:0123abcd"),
]
KeyName = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9._-]{0,252}[a-z0-9])?", "must be the key's name on the server, such as dhanman"
    ),
]
RecordId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


def _base64(value: SecretStr) -> SecretStr:
    try:
        base64.b64decode(value.get_secret_value().strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be the key's secret in Base64, as tsig-keygen prints it") from None
    return SecretStr(value.get_secret_value().strip())


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    # a limit of pydantic's own would also speak of a list whose entries are all wrong
    if not values:
        raise ValueError("must not be empty")
    return values


_Some = AfterValidator(_some)


class OfName(Model):
    """What differs for the address records of one domain from ``ttl`` and ``proxied`` of all."""

    proxied: bool | None = None
    ttl: Ttl | None = None


class Caa(Model):
    """Which authorities may issue certificates (RFC 8659).

    ``wildcard_issuers``: for wildcard names; None: as the others; none in the list: nobody. ``iodef``: who is told of
    refused requests. ``names``: where the records are; None: at each domain of the environment.
    """

    issuers: Annotated[tuple[Issuer, ...], _Some]
    wildcard_issuers: tuple[Issuer, ...] | None = None
    iodef: Contact | None = None
    names: Annotated[tuple[Domain, ...], _Some] | None = None


class Spf(Model):
    """Who may send in the domain's name (RFC 7208). ``all``: what is to happen to mail of anybody else."""

    include: Annotated[tuple[Domain, ...], Field(max_length=10), _Some]
    all: Literal["neutral", "softfail", "fail"] = "softfail"


class Dkim(Model):
    """One key that mail is signed with (RFC 6376): the name where the sender keeps it, or the key itself."""

    cname: Domain | None = None
    txt: DkimText | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.cname is None) == (self.txt is None):
            raise ValueError("needs either cname or txt, as the sender's page shows it")
        return self


class Dmarc(Model):
    """What receivers do with mail that is neither signed nor sent as it should be (RFC 7489), and who gets reports."""

    policy: Literal["none", "quarantine", "reject"] = "none"
    subdomain_policy: Literal["none", "quarantine", "reject"] | None = None
    rua: Annotated[tuple[Email, ...], _Some]


class Mail(Model):
    """Records of the domain that the environment sends mail from. ``domain``: None is the zone.

    ``verification``: the code by which the relay knows that the domain is yours.
    """

    domain: Domain | None = None
    verification: Verification | None = None
    spf: Spf | None = None
    dkim: dict[Selector, Dkim] = Field(default_factory=dict)
    dmarc: Dmarc | None = None


class TsigKey(Model):
    """The key that updates are signed with (RFC 8945)."""

    name: KeyName
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    secret: Annotated[Secret, AfterValidator(_base64)]


class Rfc2136(Model):
    """The primary server of the zone, which takes dynamic updates."""

    server: Address | Domain
    port: Port = 53
    key: TsigKey


class Dns(Model):
    """Records of the environment's domains.

    ``provider``: Cloudflare, one's own server, or nobody (the zone file is for people to paste). ``ttl``: seconds; 1
    is automatic, at Cloudflare alone. ``proxied``: traffic goes through Cloudflare. ``names``: what differs for single
    domains. ``imports``: records that are there already and are taken over, each with its id at Cloudflare.
    ``adopt``: take over what is there already at one's own server.
    """

    provider: Literal["cloudflare", "rfc2136", "none"] = "cloudflare"
    zone: Domain
    zone_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    proxied: bool = False
    ttl: Ttl | None = None
    names: dict[Domain, OfName] = Field(default_factory=dict)
    caa: Caa | None = None
    mail: Mail | None = None
    imports: dict[str, RecordId] = Field(default_factory=dict)
    adopt: bool = False
    rfc2136: Rfc2136 | None = None

    @property
    def default_ttl(self) -> int:
        """Seconds, for whatever has none of its own."""
        return self.ttl or (AUTOMATIC_TTL if self.provider == "cloudflare" else OTHERS_TTL)

    def proxied_at(self, domain: str) -> bool:
        """Whether traffic to the domain goes through Cloudflare."""
        own = self.names[domain].proxied if domain in self.names else None
        return self.proxied if own is None else own

    def ttl_at(self, domain: str) -> int:
        """Seconds, for the domain's address records."""
        own = self.names[domain].ttl if domain in self.names else None
        return own or (AUTOMATIC_TTL if self.proxied_at(domain) else self.default_ttl)
