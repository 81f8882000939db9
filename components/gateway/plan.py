"""What the gateway is on the host: NGINX, its settings and a site for each service.

Source: the deployment document, section "NGINX Configuration"; what differs from it is explained in the
templates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.gateway.spec import HTTP2_DIRECTIVE_SINCE, GatewaySpec
from components.naming import ServiceNames
from components.templates import Templates
from components.unit import (
    Absent,
    Directory,
    File,
    HttpCheck,
    OlderPackage,
    Packages,
    Service,
    Symlink,
    TcpCheck,
    Unit,
    Validation,
)

NGINX = "nginx.service"
RELOAD = (f"reload {NGINX}",)
SANDBOX = f"etc/systemd/system/{NGINX}.d/dhanman.conf"
OLDEST = (1, 22, 0)
"""Debian 12's NGINX, the oldest that is supported."""

VALIDATION = Validation(argv=("/usr/sbin/nginx", "-t", "-q"))
SNIPPETS = "/etc/nginx/dhanman"
"""Shared pieces of sites; a site of another component may include them."""

HANGFIRE_USERS = f"{SNIPPETS}/hangfire.htpasswd"
"""Who may open ``/hangfire``, and the hashes of their passwords."""

ACME_ROOT = "/var/www/acme"
"""Where the proofs of a domain for its certificate are served from."""

TLS_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
"""For TLS 1.2, Mozilla's guidelines 6.0; TLS 1.3 brings its own."""

TLS_GROUPS = ("X25519", "prime256v1", "secp384r1")
"""For the key exchange, Mozilla's guidelines 6.0, beside one that computers to come can't break either:"""

POST_QUANTUM_GROUP = "?X25519MLKEM768"
POST_QUANTUM_SINCE = "3.3"
"""The first OpenSSL that knows the mark "if you know it"; older ones refuse the whole list."""

_TEMPLATES = Templates(__file__)


def security_headers(spec: GatewaySpec) -> dict[str, str]:
    """The document's security headers in its order."""
    return {
        "Strict-Transport-Security": f"max-age={spec.hsts_max_age}; includeSubDomains",
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
    }


def _values(spec: GatewaySpec) -> dict[str, Any]:
    sites = []
    for site in spec.sites:
        names = ServiceNames(spec.environment, site.service)
        sites.append(
            {
                "upstream": names.base,
                "socket": names.current_socket,
                "canary_socket": names.canary_socket,
                "canary_share": site.canary_share,
                "target": f"$dhanman_{site.service.replace('-', '_')}" if site.canary_share else names.base,
                "access_log": names.access_log,
                "domain": site.domain,
                "certificate": site.certificate,
                "certificate_key": site.certificate_key,
                "rate": site.rate,
                "hangfire_allow": site.hangfire_allow,
            }
        )
    return {
        "environment": spec.environment,
        "sites": sites,
        "limits": spec.limits,
        "snippets": spec.snippets,
        "ipv6": spec.ipv6,
        "hangfire_users": HANGFIRE_USERS if spec.hangfire_users else None,
        "http3": spec.offers_http3,
        "http2_directive": spec.http2 and spec.http2_directive,
        "listen_parameters": "ssl http2" if spec.http2 and not spec.http2_directive else "ssl",
        "pools_by_default": spec.pools_by_default,
        "trusted_proxies": spec.trusted_proxies,
        "security_headers": security_headers(spec),
        "acme_root": ACME_ROOT,
    }


def _file(spec: GatewaySpec, template: str) -> File:
    """One template, rendered; its path below ``files`` is the path on the host."""
    path = f"/{template.replace('{env}', spec.environment)}"
    content = _TEMPLATES.render(template, **_values(spec))
    if spec.nginx_version is not None:
        return File(path=path, content=content, notify=RELOAD)
    older = _TEMPLATES.render(template, **_values(replace(spec, nginx_version=OLDEST)))
    below = ".".join(map(str, HTTP2_DIRECTIVE_SINCE))
    variant = OlderPackage(package="nginx", below=below, content=older) if older != content else None
    return File(path=path, content=content, older=variant, notify=RELOAD)


def _tls() -> File:
    template = "etc/nginx/dhanman/tls.conf"
    old, new = (
        _TEMPLATES.render(template, tls_ciphers=TLS_CIPHERS, tls_groups=groups)
        for groups in (TLS_GROUPS, (POST_QUANTUM_GROUP, *TLS_GROUPS))
    )
    older = OlderPackage(package="openssl", below=POST_QUANTUM_SINCE, content=old)
    return File(path=f"/{template}", content=new, older=older, notify=RELOAD)


def _hangfire_users(spec: GatewaySpec) -> File:
    lines = (f"{name}:{hashed}\n" for name, hashed in sorted(spec.hangfire_users.items()))
    # NGINX's workers read it when somebody asks
    return File(path=HANGFIRE_USERS, content="".join(lines), mode="0640", group="www-data")


def gateway_unit(spec: GatewaySpec) -> Unit:
    """The unit ``gateway-{env}``: NGINX runs and serves every site when it has been applied."""
    name = f"gateway-{spec.environment}"
    site = _file(spec, "etc/nginx/sites-available/dhanman-{env}")
    snippets = ("listen", "clients", "headers", "proxy", "redirect")
    return Unit(
        name=name,
        things=(
            # nginx-common is named since it is the one that brings the default site.
            Packages(name=name, packages=("nginx", "nginx-common")),
            Directory(path=ACME_ROOT),
            Directory(path=SNIPPETS, exclusive=True, notify=RELOAD),
            # a file that somebody adds here changes what every site does
            Directory(path="/etc/nginx/conf.d", exclusive=True, notify=RELOAD, of_package="nginx-common"),
            Directory(
                path="/etc/nginx/sites-enabled", exclusive=True, notify=RELOAD, of_package="nginx-common"
            ),
            *(_file(spec, f"etc/nginx/dhanman/{snippet}.conf") for snippet in snippets),
            _tls(),
            *([_hangfire_users(spec)] if spec.hangfire_users else []),
            _file(spec, "etc/nginx/conf.d/dhanman.conf"),
            site,
            Symlink(path=site.path.replace("available", "enabled"), target=site.path, notify=RELOAD),
            # It claims the default server, which is the one that turns unknown names away.
            Absent(path="/etc/nginx/sites-enabled/default", of_package="nginx-common", notify=RELOAD),
            File(
                path=f"/{SANDBOX}",
                content=_TEMPLATES.render(SANDBOX),
                notify=("daemon-reload", f"restart {NGINX}"),
            ),
            Service(unit=NGINX, log="/var/log/nginx/error.log"),
        ),
        validations=(VALIDATION,),
        checks=(
            TcpCheck(port=443, log="/var/log/nginx/error.log"),
            # The redirect of a site of its own tells this configuration from one that was there before.
            *(HttpCheck(path="/", port=80, host=s.domain, status=301) for s in spec.sites[:1]),
        ),
        redact=tuple(spec.hangfire_users.values()),
    )
