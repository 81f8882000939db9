from __future__ import annotations

from typing import Any

import pytest

from components import specs
from components.certificate.spec import PRODUCTION, STAGING, AcmeSpec, CertificateSource
from components.settings import SettingsError
from tests.components.settings.example import Load

ACME = {"certificates/source": "acme"}
TOKEN = "not-a-real-token-of-cloudflare"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nTm90IGEgcmVhbCBvbmU=\n-----END CERTIFICATE-----\n"


def asked(load_changed: Load, changes: dict[str, Any], **options: Any) -> AcmeSpec:
    spec = specs.certificates(load_changed(ACME | changes, **options))
    assert spec.source is CertificateSource.ACME
    assert spec.acme is not None
    return spec.acme


def test_without_more_it_is_let_s_encrypt_by_http_with_a_certificate_for_each_name(
    load_changed: Load,
) -> None:
    found = asked(load_changed, {})
    assert (found.directory, found.challenge, found.one_per_name) == (PRODUCTION, "http-01", True)
    assert (found.addresses, found.dns_timeout, found.alerts) == (("192.0.2.10",), 300, False)
    assert (found.key_type, found.renew_before, found.email) == ("ecdsa", None, None)


@pytest.mark.parametrize(
    ("value", "directory"),
    [("staging", STAGING), ("https://ca.example.com/dir", "https://ca.example.com/dir")],
)
def test_the_directory_is_a_name_or_an_address(load_changed: Load, value: str, directory: str) -> None:
    assert asked(load_changed, {"certificates/acme": {"directory": value}}).directory == directory


def test_everything_can_be_set(load_changed: Load) -> None:
    chosen = {
        "directory": "https://ca.example.com/dir",
        "caCertificate": AUTHORITY,
        "email": "ops@example.com",
        "onePerName": False,
        "keyType": "rsa",
        "renewBefore": 30,
        "alertBefore": 10,
        "dnsTimeout": 0,
        "schedule": "04:00",
        "jitter": 60,
    }
    found = asked(load_changed, {"certificates/acme": chosen})
    assert (found.authority, found.email, found.one_per_name, found.key_type) == (
        AUTHORITY,
        "ops@example.com",
        False,
        "rsa",
    )
    assert (found.renew_before, found.alert_before, found.dns_timeout, found.jitter) == (30, 10, 0, 60)
    assert found.schedule == "*-*-* 04:00:00"


def test_behind_cloudflare_s_proxy_any_address_is_right(load_changed: Load) -> None:
    zone = {
        "dns": {"zone": "example.com", "zoneId": "0" * 32, "proxied": True},
        "gateway/trustedProxies": ["cloudflare"],
    }
    assert asked(load_changed, zone).addresses == ()


def test_a_token_that_is_missing_is_a_placeholder_and_one_that_is_there_stays_out_of_the_plan(
    load_changed: Load,
) -> None:
    settings = load_changed(ACME | {"certificates/acme": {"challenge": "dns-01"}})
    (missing,) = settings.placeholders
    assert missing.command == (
        "pulumi config set --stack qa --secret --path 'dhanman:certificates.acme.cloudflareToken'"
    )
    given = load_changed(ACME | {"certificates/acme": {"challenge": "dns-01", "cloudflareToken": TOKEN}})
    assert specs.acme_token(given) == TOKEN
    assert TOKEN not in repr(specs.certificates(given))
    assert TOKEN not in repr(given)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"certificates/acme": {"directory": "prod"}},
            "certificates/acme/directory: must be production, staging",
        ),
        (
            {"certificates/acme": {"directory": "pebble"}},
            "certificates/acme/directory: pebble is for environment local",
        ),
        ({"certificates/directory": "/srv/tls"}, "certificates: directory is not for source acme"),
        ({"certificates": {"source": "localCa", "acme": {}}}, "certificates: acme is for source acme"),
        (
            {"certificates/acme": {"cloudflareToken": TOKEN}},
            "certificates/acme: cloudflareToken is for challenge dns-01",
        ),
        (
            {"certificates/acme": {"caCertificate": AUTHORITY}},
            "certificates/acme: caCertificate is for a directory",
        ),
        (
            {"certificates/acme": {"directory": "https://ca.example.com", "caCertificate": "x"}},
            "certificates/acme/caCertificate: must be certificates in PEM form",
        ),
        (
            {"certificates/acme": {"renewBefore": 10, "alertBefore": 10}},
            "certificates/acme: alertBefore must be less than renewBefore",
        ),
        ({"certificates/acme": {"jitter": 7201}}, "certificates/acme/jitter: must be at most 7200"),
        ({"certificates/acme": {"dnsTimeout": -1}}, "certificates/acme/dnsTimeout: must be at least 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    load_changed: Load, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_changed(ACME | changes)
    (problem,) = caught.value.problems
    assert text in str(problem)
    assert TOKEN not in str(problem)


def test_the_test_server_s_ports_are_its_own(load_changed: Load) -> None:
    local = {
        "environment": "local",
        "certificates/acme": {"directory": "pebble"},
        "services/sales/port": 14000,
    }
    with pytest.raises(SettingsError) as caught:
        load_changed(ACME | local, stack="local")
    assert [str(p) for p in caught.value.problems if "14000 is pebble's" in str(p)]
