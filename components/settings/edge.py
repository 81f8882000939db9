"""What faces the Internet: the gateway and its certificates; and what Cloudflare's provider needs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.acme import Acme
from components.settings.base import Model
from components.settings.values import (
    AbsolutePath,
    ByteSize,
    PasswordHash,
    Positive,
    Seconds,
    Secret,
    TrustedProxy,
    UserName,
    WholeNumber,
)

CERTIFICATE_DIRECTORIES = {"localCa": "/etc/dhanman/certificates", "existing": "/etc/letsencrypt/live"}
"""Where the certificates of each source are, if the stack file does not say."""


class RateLimit(Model):
    """Requests that one client address may send to a service: steadily each second, and at once beyond that."""

    per_second: Positive = 50
    burst: Positive = 100


class Timeouts(Model):
    """How long (seconds) the gateway waits for a service, and for a client that sends or takes nothing."""

    connect: Seconds = 60
    send: Seconds = 60
    read: Seconds = 60
    client: Seconds = 30


class Snippets(Model):
    """NGINX configuration that is added as it is: to every ``server`` block, and at the level of ``http``."""

    server: str = ""
    http: str = ""


class Gateway(Model):
    """NGINX in front of everything.

    ``connections``: of one client address at once. ``client_max_body_size``: bytes. ``hsts_max_age``: seconds.
    ``trusted_proxies``: whose word on the client's address counts; ``cloudflare`` stands for its published networks.
    ``hangfire_users``: who may open the dashboards, with the hashes of their passwords; nobody: no password is asked.
    """

    rate_limit: RateLimit = RateLimit.model_construct(per_second=50, burst=100)
    client_max_body_size: ByteSize = 50 * 1024**2
    connections: Positive = 256
    timeouts: Timeouts = Timeouts.model_construct(connect=60, send=60, read=60, client=30)
    hsts_max_age: Annotated[WholeNumber, Field(ge=0)] = 31536000
    http2: bool = True
    http3: bool = False
    trusted_proxies: tuple[TrustedProxy, ...] = ()
    hangfire_users: dict[UserName, PasswordHash] = Field(default_factory=dict)
    snippets: Snippets = Snippets.model_construct(server="", http="")


class Certificates(Model):
    """Where certificates come from: an ACME server, a CA made on the host, or files that somebody else keeps there."""

    source: Literal["acme", "localCa", "existing"] = "existing"
    directory: AbsolutePath | None = None
    acme: Acme | None = None

    @property
    def path(self) -> str | None:
        """The directory that holds ``{name}/fullchain.pem`` and ``{name}/privkey.pem``; None: the source's own."""
        return self.directory or CERTIFICATE_DIRECTORIES.get(self.source)

    @property
    def asked(self) -> Acme | None:
        """How an ACME server is asked; None where none is."""
        return (self.acme or Acme()) if self.source == "acme" else None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.source == "acme" and self.directory is not None:
            raise ValueError("directory is not for source acme, whose certificates are in /etc/dhanman/acme")
        if self.source != "acme" and self.acme is not None:
            raise ValueError(f"acme is for source acme, and source is {self.source}")
        return self


class Cloudflare(Model):
    """What the Cloudflare provider needs; from the ``cloudflare:`` keys, not the ``dhanman:`` ones."""

    api_token: Secret
    base_url: str | None = None
