"""What the program is told about its environment, written by the deployment; no secret is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY = 86400.0


@dataclass(frozen=True, kw_only=True)
class Config:
    """The certificates of an environment.

    ``certificates``: the domains of each, by its name. ``root``: folder of what is served, what was served, and the
    account. ``state``: folder of status and metrics. ``directory``: URL of the ACME server's directory (RFC 8555).
    ``authority``: PEM file of a private CA that vouches for that server. ``challenge``: ``http-01``, with ``webroot``
    as the folder that NGINX serves the proofs from, or ``dns-01``, with ``credentials`` as the file of Cloudflare's
    token and ``cloudflare_url`` as where its API is (None: at Cloudflare). ``renew_before``, ``alert_before`` (days):
    None: a third, and a sixth, of a certificate's life. ``addresses``: what DNS must answer for a domain, besides the
    host's own; empty: any address. ``dns_timeout``: seconds to wait for that; 0: DNS is not looked at. ``resolvers``:
    ``address:port``; empty: the host's own. ``existing``: where somebody else's client may have left certificates to
    begin with.
    """

    environment: str
    certificates: dict[str, tuple[str, ...]]
    root: Path
    state: Path
    directory: str
    authority: Path | None
    challenge: str
    webroot: Path
    credentials: Path | None
    cloudflare_url: str | None
    email: str | None
    key_type: str
    renew_before: int | None
    alert_before: int | None
    addresses: tuple[str, ...]
    dns_timeout: float
    resolvers: tuple[str, ...]
    existing: Path

    @property
    def unit(self) -> str:
        """The systemd unit that renews."""
        return f"dhanman-certificates-{self.environment}"

    def renewal(self, begins: float, ends: float) -> float:
        """From when on (seconds since the epoch) a certificate of this life is renewed."""
        return ends - (self.renew_before * DAY if self.renew_before else (ends - begins) / 3)

    def alarm(self, begins: float, ends: float) -> float:
        """From when on people are told that it was not."""
        return ends - (self.alert_before * DAY if self.alert_before else (ends - begins) / 6)


_PATHS = ("root", "state", "webroot", "existing")
_OPTIONAL = ("authority", "credentials")


def parse(text: str) -> Config:
    """The configuration that the deployment has written."""
    raw: dict[str, Any] = json.loads(text)
    raw |= {name: Path(raw[name]) for name in _PATHS}
    raw |= {name: Path(raw[name]) if raw[name] else None for name in _OPTIONAL}
    raw |= {name: tuple(raw[name]) for name in ("addresses", "resolvers")}
    raw["certificates"] = {name: tuple(domains) for name, domains in raw["certificates"].items()}
    return Config(**raw)
