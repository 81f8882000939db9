from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components.dns.plan import CaaSpec, DnsSpec, Domain, MailSpec, Record, comment, quoted, records

SALES = Domain(name="sales.dhanman.com", ttl=1)
SPEC = DnsSpec(zone="dhanman.com", domains=(SALES,), ipv4="192.0.2.1", ipv6=None, ttl=1)
MAIL = MailSpec(domain="dhanman.com")


def told(spec: DnsSpec) -> list[tuple[str, str, str]]:
    return [(record.type, record.name, record.content) for record in records(spec)]


def only(spec: DnsSpec) -> Record:
    (record,) = records(spec)
    return record


def with_mail(**changes: Any) -> DnsSpec:
    return dataclasses.replace(SPEC, domains=(), mail=dataclasses.replace(MAIL, **changes))


def test_a_domain_has_an_address_record_with_its_whole_name() -> None:
    record = only(SPEC)
    assert (record.type, record.name, record.content) == ("A", "sales.dhanman.com", "192.0.2.1")
    assert (record.ttl, record.proxied, record.key) == (1, False, "sales.dhanman.com-a")


def test_an_ipv6_address_adds_a_record_in_its_shortest_form() -> None:
    found = told(dataclasses.replace(SPEC, ipv6="2001:0db8:0:0:0:0:0:1"))
    assert [(kind, content) for kind, _, content in found] == [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")]


def test_a_host_without_an_ipv4_address_has_no_record_of_that_kind() -> None:
    assert [kind for kind, _, _ in told(dataclasses.replace(SPEC, ipv4=None, ipv6="2001:db8::1"))] == ["AAAA"]


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("Sales.Dhanman.com.", "sales.dhanman.com"),
        ("dhanman.com", "dhanman.com"),
        ("bücher.dhanman.com", "xn--bcher-kva.dhanman.com"),
    ],
)
def test_a_name_is_written_as_it_goes_over_the_wire(domain: str, name: str) -> None:
    assert only(dataclasses.replace(SPEC, domains=(Domain(name=domain, ttl=1),))).name == name


def test_each_domain_has_a_ttl_of_its_own() -> None:
    domains = (
        SALES,
        Domain(name="app.dhanman.com", ttl=600),
        Domain(name="x.dhanman.com", ttl=1, proxied=True),
    )
    found = records(dataclasses.replace(SPEC, domains=domains))
    assert [(record.ttl, record.proxied) for record in found] == [(1, False), (600, False), (1, True)]


def test_authorities_are_named_at_each_name() -> None:
    caa = CaaSpec(
        names=("sales.dhanman.com", "app.dhanman.com"),
        issuers=("letsencrypt.org",),
        wildcard_issuers=(),
        iodef="mailto:ops@dhanman.com",
    )
    found = told(dataclasses.replace(SPEC, domains=(), caa=caa))
    assert found[:3] == [
        ("CAA", "sales.dhanman.com", '0 issue "letsencrypt.org"'),
        ("CAA", "sales.dhanman.com", '0 issuewild ";"'),
        ("CAA", "sales.dhanman.com", '0 iodef "mailto:ops@dhanman.com"'),
    ]
    assert [name for _, name, _ in found[3:]] == ["app.dhanman.com"] * 3


def test_without_wildcard_issuers_the_others_stand_for_them() -> None:
    caa = CaaSpec(names=("dhanman.com",), issuers=("letsencrypt.org", "pki.goog"))
    found = told(dataclasses.replace(SPEC, domains=(), caa=caa))
    assert [content for _, _, content in found] == ['0 issue "letsencrypt.org"', '0 issue "pki.goog"']


def test_a_relay_is_allowed_by_one_spf_record() -> None:
    record = only(with_mail(spf_include=("spf.brevo.com", "_spf.google.com"), spf_all="fail"))
    assert record.content == "v=spf1 include:spf.brevo.com include:_spf.google.com -all"
    assert (record.name, record.starts) == ("dhanman.com", "v=spf1")


def test_signing_keys_are_at_their_selectors() -> None:
    dkim = (("brevo1", "CNAME", "b1.dhanman-com.dkim.brevo.com"), ("mail", "TXT", "k=rsa;p=MIGf"))
    assert told(with_mail(dkim=dkim)) == [
        ("CNAME", "brevo1._domainkey.dhanman.com", "b1.dhanman-com.dkim.brevo.com"),
        ("TXT", "mail._domainkey.dhanman.com", "k=rsa;p=MIGf"),
    ]


def test_a_policy_names_its_reports_and_may_differ_below() -> None:
    rua = ("rua@dmarc.brevo.com", "ops@dhanman.com")
    record = only(with_mail(dmarc_rua=rua, dmarc_policy="quarantine", dmarc_subdomain_policy="reject"))
    assert record.name == "_dmarc.dhanman.com"
    assert record.content == (
        "v=DMARC1; p=quarantine; sp=reject; rua=mailto:rua@dmarc.brevo.com,mailto:ops@dhanman.com"
    )


def test_brevo_s_own_policy_is_written_as_brevo_gives_it() -> None:
    record = only(with_mail(dmarc_rua=("rua@dmarc.brevo.com",)))
    assert record.content == "v=DMARC1; p=none; rua=mailto:rua@dmarc.brevo.com"


def test_a_long_text_is_several_strings_and_quotes_are_escaped() -> None:
    assert quoted("a" * 300) == '"' + "a" * 255 + '" "' + "a" * 45 + '"'
    assert quoted('say "x\\y"') == '"say \\"x\\\\y\\""'


def test_every_record_has_a_key_of_its_own_and_the_same_settings_give_the_same_order() -> None:
    caa = CaaSpec(
        names=("sales.dhanman.com",), issuers=("a.example", "b.example"), wildcard_issuers=("a.example",)
    )
    mail = MailSpec(
        domain="dhanman.com",
        verification="brevo-code:0",
        spf_include=("x.example",),
        dkim=(("s", "TXT", "p=A"),),
        dmarc_rua=("a@b.example",),
    )
    spec = dataclasses.replace(SPEC, ipv6="2001:db8::1", caa=caa, mail=mail)
    keys = [record.key for record in records(spec)]
    assert len(set(keys)) == len(keys) == 9
    assert records(spec) == records(spec)


def test_the_comment_says_whose_a_record_is() -> None:
    assert comment("prod") == "Managed by Pulumi: dhanman, stack prod"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domains": (Domain(name="sales", ttl=1),)}, "sales is not in the zone dhanman.com"),
        ({"domains": (Domain(name="notdhanman.com", ttl=1),)}, "notdhanman.com is not in the zone"),
        ({"mail": MailSpec(domain="other.example", verification="x:1")}, "other.example is not in the zone"),
        ({"domains": (Domain(name="a.dhanman.com", ttl=300, proxied=True),)}, "a proxied record's TTL is 1"),
        ({"domains": (Domain(name="a.dhanman.com", ttl=0),)}, "the TTL must be 1"),
        ({"ipv4": "2001:db8::1"}, "2001:db8::1"),
        ({"ipv6": "192.0.2.1"}, "192.0.2.1"),
    ],
)
def test_what_a_provider_would_refuse_is_refused_before(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        records(dataclasses.replace(SPEC, **changes))
