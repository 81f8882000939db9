"""Cloudflare's API for R2 and for an account's tokens, in memory, on a port of this machine.

It answers as https://developers.cloudflare.com/api documents, in the envelope that all of its answers have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.toolchain.providers.cloudflare import api_server
from tests.toolchain.providers.cloudflare.api_server import Answer, failure, success

ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "not-a-real-token-of-cloudflare-000000000000"
_LIFECYCLE = {"id", "enabled", "conditions", "abortMultipartUploadsTransition", "deleteObjectsTransition"}
_LOCK = {"id", "enabled", "prefix", "condition"}
DEFAULT_RULE = {
    "id": "Default Multipart Abort Rule",
    "enabled": True,
    "conditions": {"prefix": ""},
    "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604800}},
}


class Cloudflare:
    """``buckets``: by name, each with its ``objects`` (a count) and its rules. ``tokens``: by id."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self._made = 0

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET ")]

    def answer(self, method: str, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        self.calls.append(f"{method} {path}")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(403, 10000, "Authentication error")
        root = f"/client/v4/accounts/{ACCOUNT}/"
        if not path.startswith(root):
            return _error(404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?")
        what, *rest = path.removeprefix(root).split("/")
        if what == "tokens":
            return self._token(method, rest, body)
        return self._bucket(method, rest[1:], headers.get("cf-r2-jurisdiction"), body)

    def _bucket(self, method: str, path: list[str], jurisdiction: str, body: Any) -> tuple[int, Any]:
        if not path:
            if body["name"] in self.buckets:
                return _error(409, 10004, "The bucket you tried to create already exists, and you own it.")
            self.buckets[body["name"]] = {
                "jurisdiction": jurisdiction,
                "location": body.get("locationHint", "weur").upper(),
                "objects": 0,
                "lifecycle": [DEFAULT_RULE],
                "lock": [],
                "public": False,
            }
            path = [body["name"]]
        found = self.buckets.get(path[0])
        if found is None or found["jurisdiction"] != jurisdiction:
            return _error(404, 10006, "The specified bucket does not exist.")
        if path[1:] in (["lifecycle"], ["lock"]):
            return self._rules(method, found, path[1], body)
        if path[1:] == ["domains", "managed"]:
            found["public"] = body["enabled"] if method == "PUT" else found["public"]
            return _result({"bucketId": "b1", "domain": "pub-b1.r2.dev", "enabled": found["public"]})
        if method == "DELETE":
            if found["objects"]:
                return _error(409, 10008, "The bucket you tried to delete is not empty.")
            del self.buckets[path[0]]
            return _result({})
        return _result(
            {
                "name": path[0],
                "creation_date": "2026-01-01T00:00:00.000Z",
                "location": found["location"],
                "storage_class": "Standard",
                "jurisdiction": jurisdiction,
            }
        )

    @staticmethod
    def _rules(method: str, found: dict[str, Any], what: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return _result({"rules": found[what]})
        for rule in body["rules"]:
            age = rule.get("condition") or rule["abortMultipartUploadsTransition"]["condition"]
            whole = isinstance(age.get("maxAgeSeconds", age.get("maxAge")), int)
            if not set(rule) <= (_LIFECYCLE if what == "lifecycle" else _LOCK) or not whole:
                return _error(400, 10001, "malformed rule")
        found[what] = body["rules"]
        return _result({})

    def _token(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        if method == "POST":
            self._made += 1
            id = f"{self._made:032x}"
            self.tokens[id] = body | {"id": id, "status": "active", "issued_on": "2026-01-01T00:00:00Z"}
            return _result(self.tokens[id] | {"value": f"value-{self._made}-not-real"})
        if path[0] not in self.tokens:
            return _error(404, 1000, "Token not found")
        if method == "DELETE":
            del self.tokens[path[0]]
            return _result({"id": path[0]})
        if method == "PUT":
            self.tokens[path[0]] |= body
        return _result(self.tokens[path[0]])


def _result(result: Any) -> tuple[int, Any]:
    return 200, success(result)


def _error(status: int, code: int, message: str) -> tuple[int, Any]:
    return status, failure(code, message)


@contextmanager
def served() -> Iterator[tuple[Cloudflare, str]]:
    """The API and its base address."""
    state = Cloudflare()

    def answer(method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        status, content = state.answer(method, path, headers, body)
        return status, {}, content

    with api_server.served(answer) as url:
        yield state, url
