from __future__ import annotations

import dataclasses

import pytest

from components.dns.plan import DnsRecordSpec, address_records

SPEC = DnsRecordSpec(environment="prod", zone="dhanman.com", domain="sales.dhanman.com", ipv4="192.0.2.1")


def test_a_domain_has_an_address_record_with_its_whole_name() -> None:
    (record,) = address_records(SPEC)
    assert (record.type, record.name, record.content) == ("A", "sales.dhanman.com", "192.0.2.1")
    assert (record.ttl, record.proxied) == (1, False)
    assert "stack prod" in record.comment


def test_an_ipv6_address_adds_a_record_in_its_shortest_form() -> None:
    records = address_records(dataclasses.replace(SPEC, ipv6="2001:0db8:0:0:0:0:0:1"))
    assert [(r.type, r.content) for r in records] == [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")]


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("Sales.Dhanman.com.", "sales.dhanman.com"),
        ("dhanman.com", "dhanman.com"),
        ("bücher.dhanman.com", "xn--bcher-kva.dhanman.com"),
    ],
)
def test_a_name_is_written_as_the_api_reports_it(domain: str, name: str) -> None:
    assert address_records(dataclasses.replace(SPEC, domain=domain))[0].name == name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": "sales"}, "sales is not in the zone dhanman.com"),
        ({"domain": "notdhanman.com"}, "notdhanman.com is not in the zone"),
        ({"proxied": True, "ttl": 300}, "a proxied record's TTL is 1"),
        ({"ttl": 30}, "the TTL must be 1"),
        ({"ipv4": "2001:db8::1"}, "2001:db8::1"),
        ({"ipv6": "192.0.2.1"}, "192.0.2.1"),
    ],
)
def test_what_the_api_would_refuse_is_refused_before(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        address_records(dataclasses.replace(SPEC, **changes))  # type: ignore[arg-type]
