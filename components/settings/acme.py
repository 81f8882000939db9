"""How an ACME server is asked for certificates."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import (
    ACME_DIRECTORIES,
    AcmeDirectory,
    CaCertificate,
    Calendar,
    Count,
    Email,
    Positive,
    Secret,
)

LONGEST_DELAY = 7200
"""Seconds of jitter at most: the notifier counts work as late three hours after it was due."""


class Acme(Model):
    """An ACME server, and what is asked of it.

    ``renew_before``, ``alert_before``: days before the end, a third and a sixth of the certificate's life by default.
    ``dns_timeout``, ``jitter``: seconds. ``ca_certificate``: PEM of a private CA that vouches for the server.
    """

    directory: AcmeDirectory = "production"
    ca_certificate: CaCertificate | None = None
    challenge: Literal["http-01", "dns-01"] = "http-01"
    cloudflare_token: Secret | None = None
    email: Email | None = None
    one_per_name: bool = True
    key_type: Literal["ecdsa", "rsa"] = "ecdsa"
    renew_before: Annotated[Positive, Field(le=60)] | None = None
    alert_before: Annotated[Positive, Field(le=60)] | None = None
    dns_timeout: Annotated[Count, Field(le=1200)] = 300
    schedule: Calendar = "*-*-* 03,15:00:00"
    jitter: Annotated[Count, Field(le=LONGEST_DELAY)] = LONGEST_DELAY

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.challenge == "dns-01" and self.cloudflare_token is None:
            raise ValueError(
                "challenge dns-01 needs cloudflareToken, a token that may edit the zone's records"
            )
        if self.challenge == "http-01" and self.cloudflare_token is not None:
            raise ValueError("cloudflareToken is for challenge dns-01; http-01 needs no token on the host")
        if self.ca_certificate is not None and self.directory in ACME_DIRECTORIES:
            raise ValueError("caCertificate is for a directory that is given as a URL")
        if self.challenge == "dns-01" and self.directory == "pebble":
            raise ValueError("pebble looks at this host alone: use challenge http-01")
        if self.renew_before and self.alert_before and self.alert_before >= self.renew_before:
            raise ValueError("alertBefore must be less than renewBefore: renewal comes first")
        return self
