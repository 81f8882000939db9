"""Cloudflare's API for the records of one zone, in memory, on a port of this machine.

It answers as https://developers.cloudflare.com/api/resources/dns documents: the envelope of all answers, names in full,
refusals with their codes, 429 with Retry-After.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.toolchain.providers.cloudflare import api_server
from tests.toolchain.providers.cloudflare.api_server import Answer, failure, success

ZONE = "0123456789abcdef0123456789abcdef"
TOKEN = "not-a-real-token-of-cloudflare-000000000000"
_HOST_TYPES = {"A", "AAAA", "CNAME"}


class FakeZone:
    """``records``: by id. ``calls``: method and path. ``failures``: answered first, each a status and headers."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.failures: list[tuple[int, dict[str, str]]] = []
        self._made = 0

    @property
    def writes(self) -> list[str]:
        return [call.split()[0] for call in self.calls if not call.startswith("GET ")]

    def add(self, kind: str, name: str, content: str, **more: Any) -> str:
        """A record that somebody made by hand; its id."""
        body = {"type": kind, "name": name, "content": content, "ttl": 1, "proxied": False} | more
        return str(self._keep(body)["id"])

    def at(self, name: str) -> list[dict[str, Any]]:
        """The records of a name."""
        return [record for record in self.records.values() if record["name"] == name]

    def answer(self, method: str, url: str, token: str, body: Any) -> tuple[int, dict[str, str], Any]:
        self.calls.append(f"{method} {url}")
        if self.failures:
            status, headers = self.failures.pop(0)
            text = "Rate limited. Please wait and consider throttling your request speed"
            return (
                status,
                headers,
                failure(10429 if status == 429 else 10000, text if status == 429 else "Internal"),
            )
        if token != f"Bearer {TOKEN}":
            return 403, {}, failure(10000, "Authentication error")
        parts = urlsplit(url)
        root = f"/client/v4/zones/{ZONE}/dns_records"
        if not parts.path.startswith(root):
            return (
                404,
                {},
                failure(7003, "Could not route to the zone, perhaps your object identifier is invalid?"),
            )
        status, answer = self._records(method, parts.path.removeprefix(root).strip("/"), parts.query, body)
        return status, {}, answer

    def _records(self, method: str, id: str, query: str, body: Any) -> tuple[int, Any]:
        if not id:
            if method == "POST":
                return self._refused(body) or (200, success(self._keep(body)))
            names = parse_qs(query).get("name.exact", [])
            return 200, success([r for r in self.records.values() if not names or r["name"] in names])
        if id not in self.records:
            return 404, failure(81044, "Record does not exist.")
        if method == "DELETE":
            del self.records[id]
            return 200, success({"id": id})
        if method in ("PUT", "PATCH"):
            if refused := self._refused(body, id):
                return refused
            self.records[id] = (
                (self.records[id] if method == "PATCH" else {}) | self._whole(body) | {"id": id}
            )
        return 200, success(self.records[id])

    def _refused(self, body: dict[str, Any], id: str = "") -> tuple[int, Any] | None:
        wanted = self._whole(body)
        beside = [
            record for key, record in self.records.items() if key != id and record["name"] == wanted["name"]
        ]
        if any(
            record["type"] == wanted["type"] and record["content"] == wanted["content"] for record in beside
        ):
            return 400, failure(81058, "An identical record already exists.")
        hosts = [record for record in beside if record["type"] in _HOST_TYPES]
        if wanted["type"] in _HOST_TYPES and any("CNAME" in (wanted["type"], one["type"]) for one in hosts):
            return 400, failure(81053, "An A, AAAA, or CNAME record with that host already exists.")
        if wanted["proxied"] and wanted["ttl"] != 1:
            return 400, failure(9003, "DNS Validation Error: ttl must be 1 when proxied")
        return None

    @staticmethod
    def _whole(body: dict[str, Any]) -> dict[str, Any]:
        whole = {"proxied": False, "comment": None, "tags": [], "settings": {}} | body
        if body["type"] == "CAA" and "data" in body:
            data = body["data"]
            whole["content"] = f'{data["flags"]} {data["tag"]} "{data["value"]}"'
        times = {"created_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z"}
        return whole | times | {"proxiable": body["type"] in _HOST_TYPES, "meta": {}}

    def _keep(self, body: dict[str, Any]) -> dict[str, Any]:
        self._made += 1
        id = f"{self._made:032x}"
        self.records[id] = self._whole(body) | {"id": id}
        return self.records[id]


@contextmanager
def served() -> Iterator[tuple[FakeZone, str]]:
    """The API and its base address."""
    state = FakeZone()

    def answer(method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        return state.answer(method, path, headers.get("Authorization", ""), body)

    with api_server.served(answer) as url:
        yield state, url
