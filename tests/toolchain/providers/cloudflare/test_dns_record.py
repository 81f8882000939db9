from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from toolchain.providers.cloudflare.dns_record import DnsRecord
from toolchain.providers.cloudflare.provider import CloudflareProvider
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import UNKNOWN, Properties

RECORD = {"zoneId": "z1", "name": "app.example.com", "type": "A", "ttl": 300.0, "content": "192.0.2.1"}


class Zone:
    """Cloudflare's API for one zone, in memory."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.failures_to_give = 0

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.failures_to_give:
            self.failures_to_give -= 1
            return 503, {"success": False, "errors": [{"code": 1, "message": "busy"}]}
        id = path.rpartition("/")[2]
        if method == "POST":
            if any(r["name"] == body["name"] for r in self.records.values()):
                error = {"code": 81058, "message": "An identical record already exists."}
                return 400, {"success": False, "errors": [error]}
            id = f"r{len(self.records) + 1}"
        elif id not in self.records:
            return 404, {"success": False, "errors": [{"code": 81044, "message": "Record does not exist."}]}
        if method == "DELETE":
            del self.records[id]
            return 200, {"success": True, "result": {"id": id}}
        if method != "GET":
            self.records[id] = body | {
                "id": id,
                "modified_on": "now",
                "created_on": "then",
                "proxiable": True,
            }
        return 200, {"success": True, "result": self.records[id]}


@pytest.fixture
def zone() -> Iterator[Zone]:
    state = Zone()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.calls.append((self.command, self.path, self.headers.get("Authorization", "")))
            status, answer = state.answer(self.command, self.path, json.loads(given) if given else None)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PUT = do_DELETE = _handle

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/client/v4"  # type: ignore[attr-defined]
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def resource(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> DnsRecord:
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", zone.url)  # type: ignore[attr-defined]
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "token-for-tests")
    monkeypatch.setattr("toolchain.providers.cloudflare.api._FIRST_WAIT_SECONDS", 0.01)
    provider = CloudflareProvider("6.23.1")
    provider.configure({})
    return DnsRecord(provider)


def change(new: Properties, **more: Any) -> Change:
    return Change(urn="urn", name="n", new=new, **more)


def test_a_record_is_created_changed_and_removed(resource: DnsRecord, zone: Zone) -> None:
    id, outputs = asyncio.run(resource.create(change(RECORD)))
    assert zone.records[id]["content"] == "192.0.2.1" and outputs["createdOn"] == "then"
    new = RECORD | {"content": "192.0.2.2"}
    changed = asyncio.run(resource.update(change(new, old=outputs, id=id)))
    assert zone.records[id]["content"] == "192.0.2.2"
    asyncio.run(resource.delete(change({}, old=changed, id=id)))
    assert zone.records == {}
    base = "/client/v4/zones/z1/dns_records"
    assert [call[:2] for call in zone.calls] == [
        ("POST", base),
        ("PUT", f"{base}/r1"),
        ("DELETE", f"{base}/r1"),
    ]
    assert {call[2] for call in zone.calls} == {"Bearer token-for-tests"}


def test_a_record_that_exists_is_not_taken_over(resource: DnsRecord) -> None:
    asyncio.run(resource.create(change(RECORD)))
    with pytest.raises(OperationError, match=r"identical record already exists\. \(81058\)"):
        asyncio.run(resource.create(change(RECORD)))


def test_a_busy_api_is_asked_again(resource: DnsRecord, zone: Zone) -> None:
    zone.failures_to_give = 2
    assert asyncio.run(resource.create(change(RECORD)))[0] == "r1"
    assert len(zone.calls) == 3


def test_reading_a_removed_record_gives_no_id(resource: DnsRecord) -> None:
    assert asyncio.run(resource.read("r9", dict(RECORD), dict(RECORD)))[0] == ""


def test_deleting_a_removed_record_is_an_error(resource: DnsRecord) -> None:
    with pytest.raises(OperationError, match="Record does not exist"):
        asyncio.run(resource.delete(change({}, old=RECORD, id="r9")))


def test_a_refresh_finds_what_was_changed_by_hand(resource: DnsRecord, zone: Zone) -> None:
    id, _ = asyncio.run(resource.create(change(RECORD)))
    zone.records[id]["content"] = "192.0.2.9"
    _, state, inputs = asyncio.run(resource.read(id, dict(RECORD), dict(RECORD)))
    assert resource.diff(state, inputs, dict(RECORD)).paths == {"content": "update"}


def test_an_unchanged_record_shows_no_difference(resource: DnsRecord) -> None:
    id, outputs = asyncio.run(resource.create(change(RECORD)))
    assert resource.diff(outputs, RECORD, dict(RECORD)).paths == {}
    _, state, inputs = asyncio.run(resource.read(id, outputs, dict(RECORD)))
    assert resource.diff(state, inputs, dict(RECORD)).paths == {}


@pytest.mark.parametrize(("name", "value"), [("zoneId", "z2"), ("type", "AAAA")])
def test_another_zone_or_type_is_another_record(resource: DnsRecord, name: str, value: str) -> None:
    assert resource.diff(RECORD, RECORD, RECORD | {name: value}).replaces == (name,)


def test_a_relative_name_is_the_same_as_the_full_one(resource: DnsRecord) -> None:
    assert resource.diff(RECORD, RECORD, RECORD | {"name": "app"}).paths == {}


def test_a_preview_calls_nothing(resource: DnsRecord, zone: Zone) -> None:
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
