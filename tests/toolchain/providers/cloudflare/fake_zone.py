"""Cloudflare's API for the records of one zone, in memory, on a port of this machine.

It answers as https://developers.cloudflare.com/api/resources/dns documents: the envelope of all answers, names in full,
refusals with their codes, 429 with Retry-After.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
                _error(10429 if status == 429 else 10000, text if status == 429 else "Internal"),
            )
        if token != f"Bearer {TOKEN}":
            return 403, {}, _error(10000, "Authentication error")
        parts = urlsplit(url)
        root = f"/client/v4/zones/{ZONE}/dns_records"
        if not parts.path.startswith(root):
            return (
                404,
                {},
                _error(7003, "Could not route to the zone, perhaps your object identifier is invalid?"),
            )
        status, answer = self._records(method, parts.path.removeprefix(root).strip("/"), parts.query, body)
        return status, {}, answer

    def _records(self, method: str, id: str, query: str, body: Any) -> tuple[int, Any]:
        if not id:
            if method == "POST":
                return self._refused(body) or (200, _result(self._keep(body)))
            names = parse_qs(query).get("name.exact", [])
            return 200, _result([r for r in self.records.values() if not names or r["name"] in names])
        if id not in self.records:
            return 404, _error(81044, "Record does not exist.")
        if method == "DELETE":
            del self.records[id]
            return 200, _result({"id": id})
        if method in ("PUT", "PATCH"):
            if refused := self._refused(body, id):
                return refused
            self.records[id] = (
                (self.records[id] if method == "PATCH" else {}) | self._whole(body) | {"id": id}
            )
        return 200, _result(self.records[id])

    def _refused(self, body: dict[str, Any], id: str = "") -> tuple[int, Any] | None:
        wanted = self._whole(body)
        beside = [
            record for key, record in self.records.items() if key != id and record["name"] == wanted["name"]
        ]
        if any(
            record["type"] == wanted["type"] and record["content"] == wanted["content"] for record in beside
        ):
            return 400, _error(81058, "An identical record already exists.")
        hosts = [record for record in beside if record["type"] in _HOST_TYPES]
        if wanted["type"] in _HOST_TYPES and any("CNAME" in (wanted["type"], one["type"]) for one in hosts):
            return 400, _error(81053, "An A, AAAA, or CNAME record with that host already exists.")
        if wanted["proxied"] and wanted["ttl"] != 1:
            return 400, _error(9003, "DNS Validation Error: ttl must be 1 when proxied")
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


def _result(result: Any) -> Any:
    return {"success": True, "errors": [], "messages": [], "result": result}


def _error(code: int, message: str) -> Any:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


@contextmanager
def served() -> Iterator[tuple[FakeZone, str]]:
    """The API and its base address."""
    state = FakeZone()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(given) if given else None
            token = self.headers.get("Authorization", "")
            status, headers, answer = state.answer(self.command, self.path, token, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(text))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}/client/v4"
    server.shutdown()
    thread.join()
    server.server_close()
