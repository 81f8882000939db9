"""What a gateway is made from.

Source: the deployment document, sections "Reverse Proxy Setup", "SSL/TLS Configuration" and "Best Practices".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HTTP2_DIRECTIVE_SINCE = (1, 25, 1)
"""From this version on ``http2 on;`` is known, and the parameter of ``listen`` draws a warning."""

HTTP3_SINCE = (1, 25, 0)
"""From this version on ``listen ... quic`` is known; older ones get the rest."""

UPSTREAM_POOL_SINCE = (1, 29, 7)
"""From this version on NGINX pools connections to an upstream unless ``keepalive 0;`` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Requests of one client address to one service: steadily each second, and ``burst`` more at once.

    More is answered with 429 and ``Retry-After``.
    """

    requests_per_second: int = 50
    burst: int = 100


@dataclass(frozen=True, kw_only=True)
class Site:
    """One service as the gateway serves it.

    ``service``: its name, such as ``sales``. ``domain``: fully qualified name. ``certificate`` and
    ``certificate_key``: paths on the host. ``rate``: what one client address may send to it. ``hangfire_allow``: CIDRs
    that may open ``/hangfire``; none closes it. ``canary_share``: per cent of the requests that a new release gets
    while it is on trial; None: no trials.
    """

    service: str
    domain: str
    certificate: str
    certificate_key: str
    rate: Rate = Rate()
    hangfire_allow: tuple[str, ...] = ()
    canary_share: int | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may hold.

    ``connections``: of one client address at once, over all sites; each request counts where several share one
    (HTTP/2). More is answered with 429. ``client_timeout``: seconds in which a client must have sent its headers, and
    then the longest pause in what it sends or takes. ``client_max_body_size``: in NGINX's notation. The other timeouts
    are seconds between two reads or writes to a service.
    """

    connections: int = 256
    client_timeout: int = 30
    client_max_body_size: str = "10m"
    connect_timeout: int = 60
    send_timeout: int = 60
    read_timeout: int = 60
    websocket_timeout: int = 3600


@dataclass(frozen=True, kw_only=True)
class Snippets:
    """NGINX configuration that goes in as it is.

    ``http``: once, at the level of ``http``. ``server``: in the HTTPS server of each service.
    """

    http: str = ""
    server: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewaySpec:
    """The gateway of one environment; a host has one at most.

    ``hsts_max_age``: seconds. ``http2``, ``http3``: whether it is offered. ``nginx_version``: of the host's
    package; None leaves it to the host, which has both forms of what differs. ``trusted_proxies``: CIDRs of
    proxies in front of the gateway (a CDN), whose ``X-Forwarded-For`` names the client. ``hangfire_users``: who may
    open ``/hangfire`` from the allowed networks, with each password's hash as crypt(3) has it; nobody: no password.
    """

    environment: str
    sites: tuple[Site, ...]
    limits: Limits = Limits()
    hsts_max_age: int = 31_536_000
    nginx_version: tuple[int, int, int] | None = None
    http2: bool = True
    http3: bool = False
    ipv6: bool = True
    trusted_proxies: tuple[str, ...] = ()
    hangfire_users: Mapping[str, str] = field(default_factory=dict)
    snippets: Snippets = Snippets()

    @property
    def http2_directive(self) -> bool:
        """Whether HTTP/2 is turned on by its own directive rather than on ``listen``."""
        return self.nginx_version is None or self.nginx_version >= HTTP2_DIRECTIVE_SINCE

    @property
    def offers_http3(self) -> bool:
        """Whether HTTP/3 is wanted and known to this NGINX."""
        return self.http3 and (self.nginx_version is None or self.nginx_version >= HTTP3_SINCE)

    @property
    def pools_by_default(self) -> bool:
        """Whether NGINX would keep connections to a service open if nothing was said."""
        # where the version is not known, "Connection: close" on each request is what keeps the pool empty
        return self.nginx_version is not None and self.nginx_version >= UPSTREAM_POOL_SINCE
