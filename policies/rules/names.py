"""Rules for public names: each has a certificate, and none is served over plain HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from policies.nginx import Server, servers
from policies.resource import Resource
from policies.stack import Breach, Stack

_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
_CERTIFICATE = "dhanman:certificate:Certificate"


def every_public_name_has_a_certificate(stack: Stack) -> Iterator[Breach]:
    """Each name that NGINX answers over HTTPS, and each address record, has a certificate that is taken care of."""
    cared = " ".join(json.dumps(unit.things) for _, unit in stack.within(_CERTIFICATE))
    served: set[str] = set()
    for resource, server in _servers(stack):
        if not server.tls:
            continue
        served |= set(server.names)
        for name in server.names:
            if not server.directives("ssl_certificate") or not server.directives("ssl_certificate_key"):
                do = "give its server block ssl_certificate and ssl_certificate_key"
                yield Breach(resource=resource, wrong=f"{name} has no certificate in {server.path}", do=do)
            elif not _mentions(cared, name):
                do = "give it to the environment's Certificate"
                yield Breach(
                    resource=resource, wrong=f"nothing takes care of a certificate for {name}", do=do
                )
    for resource, name in records(stack):
        if served and name not in served:
            do = "give it a site, or take the record out"
            yield Breach(resource=resource, wrong=f"{name} has an address and no HTTPS server", do=do)


def no_name_is_http_only(stack: Stack) -> Iterator[Breach]:
    """Over plain HTTP there is a redirect, or the proof of a domain, and nothing else."""
    found = list(_servers(stack))
    secured = {name for _, server in found if server.tls for name in server.names}
    for resource, server in found:
        if not server.plain:
            continue
        named = ", ".join(server.names) or "every name"
        if server.answers:
            do = "redirect it: include /etc/nginx/dhanman/redirect.conf"
            yield Breach(resource=resource, wrong=f"{server.path} serves {named} over plain HTTP", do=do)
        for name in server.names:
            if name not in secured:
                do = "give it a server block that listens for HTTPS"
                yield Breach(resource=resource, wrong=f"{name} is answered over plain HTTP alone", do=do)


def public_names(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Each name that a server block or an address record has."""
    for resource, server in _servers(stack):
        yield from ((resource, name) for name in server.names)
    yield from records(stack)


def records(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Each name that has an address record."""
    for resource in stack.resources:
        if resource.type == _RECORD and resource.inputs.get("type") in ("A", "AAAA"):
            yield resource, str(resource.inputs.get("name"))


def _servers(stack: Stack) -> Iterator[tuple[Resource, Server]]:
    """Each server block with the resource whose unit has it; what it includes may be in another unit."""
    for resource, unit in stack.units:
        own = {path for path in unit.files if path.startswith("/etc/nginx/")}
        if own:
            for server in servers(stack.files[resource.host]):
                if server.path in own:
                    yield resource, server


def _mentions(text: str, name: str) -> bool:
    return bool(_word(name).search(text))


@cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)")
