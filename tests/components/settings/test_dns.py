"""What the settings of the records may be, and which records follow from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components import specs
from components.settings import Dns, Settings, SettingsError
from components.settings.placeholders import TSIG_SECRET
from tests.components.recording import stack_settings
from tests.components.settings.example import Load

ID = "0" * 32
AT_CLOUDFLARE: dict[str, Any] = {"zone": "example.com", "zoneId": ID}
NOBODY: dict[str, Any] = {"provider": "none", "zone": "example.com"}
KEY = {"name": "dhanman", "secret": "bm90IHJlYWw="}
OWN: dict[str, Any] = {
    "provider": "rfc2136",
    "zone": "example.com",
    "rfc2136": {"server": "192.0.2.53", "key": KEY},
}


def records(settings: Settings) -> list[str]:
    assert settings.dns is not None
    found = specs.dns_records(settings, settings.dns)
    return [f"{record.name} {record.ttl} {record.type} {record.content}" for record in found]


def of(load_changed: Load, dns: dict[str, Any], **hosts: Any) -> Settings:
    changes: dict[str, Any] = {f"hosts/main/{key}": value for key, value in hosts.items()}
    changes["gateway/trustedProxies"] = ["cloudflare"]
    return load_changed({"dns": dns} | changes)


@pytest.mark.parametrize(
    ("dns", "problem"),
    [
        (AT_CLOUDFLARE | {"provider": "route53"}, "dns/provider: must be 'cloudflare', 'rfc2136' or 'none'"),
        (
            AT_CLOUDFLARE | {"rfc2136": OWN["rfc2136"]},
            "dns/rfc2136: is for provider rfc2136, not for cloudflare",
        ),
        (
            {"provider": "rfc2136", "zone": "example.com"},
            "dns/rfc2136: is missing: provider rfc2136 needs it",
        ),
        (NOBODY | {"zoneId": ID}, "dns/zoneId: is for provider cloudflare, not for none"),
        (NOBODY | {"proxied": True}, "dns/proxied: is for provider cloudflare alone"),
        (NOBODY | {"ttl": 1}, "dns/ttl: 1 (automatic) is for provider cloudflare alone"),
        (NOBODY | {"imports": {"x": ID}}, "dns/imports: is for provider cloudflare, not for none"),
        (NOBODY | {"adopt": True}, "dns/adopt: is for provider rfc2136; at Cloudflare"),
        (AT_CLOUDFLARE | {"ttl": 30}, "dns/ttl: must be 1 (automatic) or 60 to 86400 seconds"),
        (
            AT_CLOUDFLARE | {"proxied": True, "ttl": 300},
            "dns/ttl: must be 1 (automatic), since the records are proxied",
        ),
        (
            AT_CLOUDFLARE | {"names": {"sales.example.com": {"proxied": True, "ttl": 300}}},
            "dns/names/sales.example.com/ttl: must be 1 (automatic)",
        ),
        (
            NOBODY | {"names": {"sales.example.com": {"proxied": True}}},
            "dns/names/sales.example.com/proxied: is for",
        ),
        (
            NOBODY | {"names": {"x.example.com": {}}},
            "dns/names/x.example.com: x.example.com is no domain of this",
        ),
        (NOBODY | {"caa": {"issuers": []}}, "dns/caa/issuers: must not be empty"),
        (NOBODY | {"caa": {"issuers": ["Let's Encrypt"]}}, "dns/caa/issuers/0: must be a full domain name"),
        (NOBODY | {"caa": {"issuers": ["a.org"], "iodef": "ops"}}, "dns/caa/iodef: must be mailto:"),
        (
            NOBODY | {"caa": {"issuers": ["a.org"], "names": ["b.org"]}},
            "dns/caa/names/0: b.org is not in the zone",
        ),
        (
            NOBODY | {"mail": {"domain": "other.org"}},
            "dns/mail/domain: other.org is not in the zone example.com",
        ),
        (NOBODY | {"mail": {"spf": {"include": []}}}, "dns/mail/spf/include: must not be empty"),
        (
            NOBODY | {"mail": {"spf": {"include": ["a.org"], "all": "pass"}}},
            "dns/mail/spf/all: must be 'neutral'",
        ),
        (
            NOBODY | {"mail": {"dkim": {"a": {"cname": "a.org", "txt": "p=A"}}}},
            "dns/mail/dkim/a: needs either",
        ),
        (
            NOBODY | {"mail": {"dkim": {"a": {"txt": "a key"}}}},
            "dns/mail/dkim/a/txt: must be a DKIM key record",
        ),
        (
            NOBODY | {"mail": {"dkim": {"a.b": {"cname": "a.org"}}}},
            "dns/mail/dkim/a.b: must be a DKIM selector",
        ),
        (NOBODY | {"mail": {"dmarc": {"rua": ["ops"]}}}, "dns/mail/dmarc/rua/0: must be an e-mail address"),
        (NOBODY | {"mail": {"dmarc": {}}}, "dns/mail/dmarc/rua: is missing"),
        (
            OWN | {"rfc2136": {"server": "192.0.2.53", "key": KEY | {"secret": "%"}}},
            "dns/rfc2136/key/secret: must be",
        ),
        (
            OWN | {"rfc2136": {"server": "192.0.2.53", "key": KEY | {"algorithm": "hmac-md5"}}},
            "rfc2136/key/algorithm",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_not_be_is_said_with_its_path(
    problems: Callable[..., list[str]], dns: dict[str, Any], problem: str
) -> None:
    (line,) = problems({"dns": dns, "gateway/trustedProxies": ["cloudflare"]})
    assert problem in line


def test_one_proxied_domain_is_enough_to_need_its_proxies_trusted(problems: Callable[..., list[str]]) -> None:
    (line,) = problems({"dns": AT_CLOUDFLARE | {"names": {"sales.example.com": {"proxied": True}}}})
    assert "gateway/trustedProxies: must name cloudflare" in line


def test_all_problems_are_said_at_once(problems: Callable[..., list[str]]) -> None:
    wrong = NOBODY | {"ttl": 1, "adopt": True, "mail": {"domain": "other.org", "dmarc": {"rua": ["ops"]}}}
    assert len(problems({"dns": wrong, "hosts/main/ipv6Address": "192.0.2.99"})) == 5


def test_a_secret_is_in_no_message(load_changed: Load) -> None:
    key = KEY | {"secret": "not base64 but a secret"}
    with pytest.raises(SettingsError) as caught:
        load_changed({"dns": OWN | {"rfc2136": {"server": "192.0.2.53", "key": key}}})
    assert "not base64" not in "\n".join(map(str, caught.value.problems))


def test_every_domain_of_the_environment_leads_to_the_gateway(load_changed: Load) -> None:
    assert records(of(load_changed, AT_CLOUDFLARE)) == [
        "common.example.com 1 A 192.0.2.10",
        "sales.example.com 1 A 192.0.2.10",
        "app.example.com 1 A 192.0.2.10",
    ]


def test_a_host_with_an_ipv6_address_has_both_records(load_changed: Load) -> None:
    found = records(of(load_changed, NOBODY, ipv6Address="2001:db8::1"))
    assert found[:2] == ["common.example.com 300 A 192.0.2.10", "common.example.com 300 AAAA 2001:db8::1"]
    assert "common.example.com 300 AAAA 2001:db8::2" in records(
        of(load_changed, NOBODY, address="2001:db8::2")
    )


def test_single_domains_differ(load_changed: Load) -> None:
    names = {"sales.example.com": {"proxied": True}, "app.example.com": {"ttl": 60}}
    settings = of(load_changed, AT_CLOUDFLARE | {"ttl": 600, "names": names})
    assert records(settings) == [
        "common.example.com 600 A 192.0.2.10",
        "sales.example.com 1 A 192.0.2.10",
        "app.example.com 60 A 192.0.2.10",
    ]
    assert [settings.dns.proxied_at(name) for name in settings.domains] == [False, True, False]  # type: ignore[union-attr]


def test_authorities_are_named_for_the_environment_s_own_domains(load_changed: Load) -> None:
    found = records(of(load_changed, NOBODY | {"caa": {"issuers": ["letsencrypt.org"]}}))
    caa = [line for line in found if " CAA " in line]
    assert [line.split()[0] for line in caa] == ["common.example.com", "sales.example.com", "app.example.com"]
    at = {"issuers": ["letsencrypt.org"], "names": ["example.com"]}
    assert 'example.com 300 CAA 0 issue "letsencrypt.org"' in records(of(load_changed, NOBODY | {"caa": at}))


def test_what_brevo_s_page_shows_becomes_records(load_changed: Load) -> None:
    mail = {
        "verification": "brevo-code:0123456789abcdef",
        "spf": {"include": ["spf.brevo.com"]},
        "dkim": {"brevo1": {"cname": "b1.example-com.dkim.brevo.com"}, "mail": {"txt": "k=rsa;p=MIGf"}},
        "dmarc": {"rua": ["rua@dmarc.brevo.com"]},
    }
    assert records(of(load_changed, NOBODY | {"mail": mail}))[3:] == [
        "example.com 300 TXT brevo-code:0123456789abcdef",
        "example.com 300 TXT v=spf1 include:spf.brevo.com ~all",
        "brevo1._domainkey.example.com 300 CNAME b1.example-com.dkim.brevo.com",
        "mail._domainkey.example.com 300 TXT k=rsa;p=MIGf",
        "_dmarc.example.com 300 TXT v=DMARC1; p=none; rua=mailto:rua@dmarc.brevo.com",
    ]


def test_a_server_of_one_s_own_is_told_everything_but_only_where_it_is_chosen(load_changed: Load) -> None:
    settings = of(load_changed, OWN)
    assert settings.dns is not None
    wanted = specs.dns_zone(settings, settings.dns)
    assert wanted is not None
    assert (wanted.server, wanted.port, wanted.secret) == ("192.0.2.53", 53, KEY["secret"])
    assert [record.name for record in wanted.records][-1] == "app.example.com"
    other = of(load_changed, NOBODY)
    assert specs.dns_zone(other, Dns.model_validate(NOBODY)) is None


def test_a_key_without_its_secret_is_a_placeholder(load_changed: Load) -> None:
    own = OWN | {"rfc2136": {"server": "192.0.2.53", "key": {"name": "dhanman"}}}
    settings = of(load_changed, own)
    (missing,) = settings.placeholders
    assert missing.path == ("dns", "rfc2136", "key", "secret")
    assert "--secret" in missing.command
    assert settings.dns and settings.dns.rfc2136
    assert settings.dns.rfc2136.key.secret.get_secret_value() == TSIG_SECRET


def test_without_cloudflare_no_token_is_asked_for(load_changed: Load) -> None:
    assert of(load_changed, NOBODY).placeholders == ()
    assert [p.path for p in of(load_changed, AT_CLOUDFLARE).placeholders] == [("cloudflare:apiToken",)]


def test_the_command_that_imports_names_the_record_s_key(load_changed: Load) -> None:
    command = specs.import_command(of(load_changed, AT_CLOUDFLARE), "sales.example.com-a")
    assert (
        command == "pulumi config set --stack qa --path 'dhanman:dns.imports[\"sales.example.com-a\"]' {id}"
    )


@pytest.mark.parametrize(("stack", "domain"), [("prod", "sales.dhanman.com"), ("qa", "qa.app.dhanman.com")])
def test_the_stack_files_have_a_record_for_every_domain(stack: str, domain: str) -> None:
    settings = stack_settings(stack)
    assert settings.dns is not None
    found = specs.dns_records(settings, settings.dns)
    assert {record.name for record in found if record.type == "A"} == set(settings.domains)
    assert domain in {record.name for record in found if record.type == "CAA"}


def test_the_local_stack_needs_no_account() -> None:
    settings = stack_settings("local")
    assert settings.dns is not None and settings.dns.provider == "none"
    assert "sales.dhanman.test. 300 IN A 192.0.2.20" in specs.dns_zone_file(settings, settings.dns)
