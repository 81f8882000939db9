"""Rules for public names, and what they read of NGINX's configuration."""

from __future__ import annotations

import pytest

from policies import Resource
from policies.nginx import servers
from policies.rules.names import every_public_name_has_a_certificate, no_name_is_http_only
from tests.policies.making import breaches, broken, resource, unit

NAME = "sales.dhanman.com"
SITE = "/etc/nginx/sites-available/dhanman-prod"
TLS = """
server {
    include /etc/nginx/dhanman/listen.conf;
    server_name sales.dhanman.com;
    ssl_certificate /etc/letsencrypt/live/sales.dhanman.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/sales.dhanman.com/privkey.pem;
    location ~* "[.-][0-9a-f]{8,}\\.js$" { try_files $uri @kept; }
    location / { proxy_pass http://dhanman-sales-prod; } # a comment with a }
}
"""
REDIRECT = "server {\n    server_name sales.dhanman.com;\n    include /etc/nginx/dhanman/redirect.conf;\n}\n"
SHARED = {
    "/etc/nginx/dhanman/listen.conf": "listen 443 ssl;\nlisten [::]:443 ssl;\n",
    "/etc/nginx/dhanman/redirect.conf": (
        "listen 80;\nlocation ^~ /.well-known/acme-challenge/ { root /var/www/acme; try_files $uri =404; }\n"
        "location / { return 301 https://$host$request_uri; }\n"
    ),
    "/etc/nginx/conf.d/dhanman.conf": "server { listen 80 default_server; server_name _; return 444; }\n",
}
CARED = unit(
    {"kind": "path_present", "path": f"/etc/letsencrypt/live/{NAME}/fullchain.pem"},
    of="certificate:Certificate",
    name="certificates-prod",
)


def site(text: str) -> Resource:
    return unit(name="gateway-prod", files=SHARED | {SITE: text})


def record(name: str, kind: str = "A") -> Resource:
    return resource("cloudflare:index/dnsRecord:DnsRecord", name, name=name, type=kind)


def test_a_name_with_a_certificate_and_a_redirect_is_right() -> None:
    right = [site(TLS + REDIRECT), CARED, record(NAME), record("dhanman.com", "TXT")]
    assert breaches(every_public_name_has_a_certificate, *right) == []
    assert breaches(no_name_is_http_only, *right) == []


def test_server_blocks_are_read_with_what_they_include() -> None:
    found = list(servers(SHARED | {SITE: TLS + REDIRECT}))
    assert [(s.names, s.tls, s.plain, s.answers) for s in found] == [
        ((), False, True, False),
        ((NAME,), True, False, True),
        ((NAME,), False, True, False),
    ]


def test_a_server_without_listen_is_plain_http() -> None:
    (found,) = servers({SITE: "server { server_name a.dhanman.com; return 404; }"})
    assert (found.plain, found.tls) == (True, False)


@pytest.mark.parametrize("directive", ["ssl_certificate ", "ssl_certificate_key "])
def test_a_site_without_a_certificate_is_named(directive: str) -> None:
    breach = broken(every_public_name_has_a_certificate, site(TLS.replace(directive, "# ")), CARED)
    assert f"{NAME} has no certificate" in breach.wrong


def test_a_certificate_that_nothing_takes_care_of_is_named() -> None:
    other = unit({"kind": "path_present", "path": f"/live/qa.{NAME}/x"}, of="certificate:Certificate")
    assert NAME in broken(every_public_name_has_a_certificate, site(TLS), other).wrong


def test_an_address_without_a_site_is_named() -> None:
    breach = broken(every_public_name_has_a_certificate, site(TLS), CARED, record("old.dhanman.com", "AAAA"))
    assert "old.dhanman.com" in breach.wrong


def test_a_name_without_https_is_named() -> None:
    redirect = REDIRECT.replace("sales", "billing")
    breach = broken(no_name_is_http_only, site(TLS + REDIRECT + redirect))
    assert "billing.dhanman.com is answered over plain HTTP alone" in breach.wrong


@pytest.mark.parametrize("answer", ["proxy_pass http://sales", "root /var/www", "return 200 ok"])
def test_what_is_served_over_plain_http_is_named(answer: str) -> None:
    plain = f"server {{ listen 80; server_name {NAME}; location / {{ {answer}; }} }}"
    assert f"serves {NAME} over plain HTTP" in broken(no_name_is_http_only, site(TLS + plain)).wrong
