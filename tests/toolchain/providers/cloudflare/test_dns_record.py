from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.toolchain.providers.cloudflare.fake_zone import TOKEN, ZONE, FakeZone, served
from toolchain.providers.cloudflare.dns_record import DnsRecord
from toolchain.providers.cloudflare.provider import CloudflareProvider
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import UNKNOWN, Properties

RECORD = {"zoneId": ZONE, "name": "app.example.com", "type": "A", "ttl": 300.0, "content": "192.0.2.1"}
GONE = "9" * 32


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeZone]:
    with served() as (state, url):
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", url)
        yield state


@pytest.fixture
def resource(zone: FakeZone, monkeypatch: pytest.MonkeyPatch) -> DnsRecord:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    monkeypatch.setattr("toolchain.providers.cloudflare.api._FIRST_WAIT_SECONDS", 0.01)
    provider = CloudflareProvider("6.23.1")
    provider.configure({})
    return DnsRecord(provider)


def change(new: Properties, **more: Any) -> Change:
    return Change(urn="urn", name="n", new=new, **more)


def test_a_record_is_created_changed_and_removed(resource: DnsRecord, zone: FakeZone) -> None:
    id, outputs = asyncio.run(resource.create(change(RECORD)))
    assert zone.records[id]["content"] == "192.0.2.1" and outputs["createdOn"] == "2026-01-01T00:00:00Z"
    new = RECORD | {"content": "192.0.2.2"}
    changed = asyncio.run(resource.update(change(new, old=outputs, id=id)))
    assert zone.records[id]["content"] == "192.0.2.2"
    asyncio.run(resource.delete(change({}, old=changed, id=id)))
    assert zone.records == {}
    base = f"/client/v4/zones/{ZONE}/dns_records"
    assert zone.calls == [f"POST {base}", f"PUT {base}/{id}", f"DELETE {base}/{id}"]


def test_a_record_with_fields_is_created_and_shows_no_difference(resource: DnsRecord, zone: FakeZone) -> None:
    fields = {"flags": 0.0, "tag": "issue", "value": "letsencrypt.org"}
    caa: Properties = {name: value for name, value in RECORD.items() if name != "content"}
    caa |= {"type": "CAA", "data": fields}
    id, outputs = asyncio.run(resource.create(change(caa)))
    assert zone.records[id]["content"] == '0 issue "letsencrypt.org"'
    _, state, inputs = asyncio.run(resource.read(id, outputs, dict(caa)))
    assert resource.diff(state, inputs, dict(caa)).paths == {}


def test_a_record_that_exists_is_not_taken_over(resource: DnsRecord, zone: FakeZone) -> None:
    zone.add("A", "app.example.com", "192.0.2.1")
    with pytest.raises(OperationError, match=r"identical record already exists\. \(81058\)"):
        asyncio.run(resource.create(change(RECORD)))


def test_an_address_beside_an_alias_is_refused(resource: DnsRecord, zone: FakeZone) -> None:
    zone.add("CNAME", "app.example.com", "elsewhere.example")
    with pytest.raises(
        OperationError, match=r"record with that host already exists\. \(81053\) \(HTTP 400\)"
    ):
        asyncio.run(resource.create(change(RECORD)))


def test_a_busy_api_is_asked_again(resource: DnsRecord, zone: FakeZone) -> None:
    zone.failures = [(503, {}), (500, {})]
    assert asyncio.run(resource.create(change(RECORD)))[0] in zone.records
    assert len(zone.calls) == 3


def test_too_many_requests_wait_for_as_long_as_the_answer_asks(
    resource: DnsRecord, zone: FakeZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("toolchain.providers.cloudflare.api.asyncio.sleep", sleep)
    zone.failures = [(429, {"Retry-After": "7"}), (429, {})]
    asyncio.run(resource.create(change(RECORD)))
    assert waited == [7.0, 0.02]


def test_a_wait_of_minutes_ends_in_the_api_s_own_words(resource: DnsRecord, zone: FakeZone) -> None:
    zone.failures = [(429, {"Retry-After": "300"})]
    with pytest.raises(OperationError, match=r"Rate limited\..* \(HTTP 429\)"):
        asyncio.run(resource.create(change(RECORD)))
    assert zone.writes == ["POST"]


def test_an_api_that_stays_broken_ends_after_some_attempts(resource: DnsRecord, zone: FakeZone) -> None:
    zone.failures = [(502, {})] * 9
    with pytest.raises(OperationError, match=r"\(HTTP 502\)"):
        asyncio.run(resource.create(change(RECORD)))
    assert len(zone.calls) == 5


def test_a_refused_token_is_not_tried_again(
    resource: DnsRecord, zone: FakeZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "another")
    provider = CloudflareProvider("6.23.1")
    provider.configure({})
    with pytest.raises(OperationError, match=r"Authentication error \(10000\) \(HTTP 403\)"):
        asyncio.run(DnsRecord(provider).create(change(RECORD)))
    assert zone.writes == ["POST"]


def test_reading_a_removed_record_gives_no_id(resource: DnsRecord) -> None:
    assert asyncio.run(resource.read(GONE, dict(RECORD), dict(RECORD)))[0] == ""


def test_deleting_a_removed_record_is_an_error(resource: DnsRecord) -> None:
    with pytest.raises(OperationError, match="Record does not exist"):
        asyncio.run(resource.delete(change({}, old=RECORD, id=GONE)))


def test_a_refresh_finds_what_was_changed_by_hand(resource: DnsRecord, zone: FakeZone) -> None:
    id, _ = asyncio.run(resource.create(change(RECORD)))
    zone.records[id]["content"] = "192.0.2.9"
    _, state, inputs = asyncio.run(resource.read(id, dict(RECORD), dict(RECORD)))
    assert resource.diff(state, inputs, dict(RECORD)).paths == {"content": "update"}


def test_an_unchanged_record_shows_no_difference(resource: DnsRecord) -> None:
    id, outputs = asyncio.run(resource.create(change(RECORD)))
    assert resource.diff(outputs, RECORD, dict(RECORD)).paths == {}
    _, state, inputs = asyncio.run(resource.read(id, outputs, dict(RECORD)))
    assert resource.diff(state, inputs, dict(RECORD)).paths == {}


@pytest.mark.parametrize(("name", "value"), [("zoneId", "f" * 32), ("type", "AAAA")])
def test_another_zone_or_type_is_another_record(resource: DnsRecord, name: str, value: str) -> None:
    assert resource.diff(RECORD, RECORD, RECORD | {name: value}).replaces == (name,)


def test_a_relative_name_is_the_same_as_the_full_one(resource: DnsRecord) -> None:
    assert resource.diff(RECORD, RECORD, RECORD | {"name": "app"}).paths == {}


def test_a_preview_calls_nothing(resource: DnsRecord, zone: FakeZone) -> None:
    id, outputs = asyncio.run(resource.create(change(RECORD, preview=True)))
    assert id == "" and outputs["createdOn"] == UNKNOWN and zone.calls == []


def test_a_proxied_record_needs_the_automatic_ttl(resource: DnsRecord) -> None:
    with pytest.raises(OperationError, match="ttl must be 1"):
        asyncio.run(resource.create(change(RECORD | {"proxied": True})))


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        ({"ttl": None}, "ttl: is required"),
        ({"type": "BOGUS"}, "type: BOGUS is no type of record that Cloudflare has"),
        ({"data": {"value": "x"}}, "exactly one of content and data must be given"),
        ({"content": None}, "exactly one of content and data must be given"),
        ({"hostname": "x"}, "hostname: there is no such property"),
    ],
)
def test_bad_inputs_fail_the_check(resource: DnsRecord, inputs: Properties, failure: str) -> None:
    assert resource.check(RECORD | inputs)[1] == [failure]
