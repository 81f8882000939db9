"""Cloudflare's HTTP API, as far as the resource types need it (https://developers.cloudflare.com/api)."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from toolchain.providers.servicer import OperationError

_BASE_URL = "https://api.cloudflare.com/client/v4"
_TIMEOUT_SECONDS = 30
_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60
_TOO_MANY, _SERVER_ERROR, _NOT_FOUND = 429, 500, 404


class NotFoundError(OperationError):
    """The API knows no such thing."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """Where the API is and the headers that say who is asking."""

    base_url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def configured(cls, args: dict[str, Any]) -> Api:
        """Read the provider's configuration, and its environment for what that leaves out."""

        def setting(name: str, variable: str) -> str:
            return str(args.get(name) or os.environ.get(variable, ""))

        headers = {"Content-Type": "application/json", "User-Agent": "dhanman-infra"}
        if token := setting("apiToken", "CLOUDFLARE_API_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        if key := setting("apiKey", "CLOUDFLARE_API_KEY"):
            headers["X-Auth-Key"] = key
        if email := setting("email", "CLOUDFLARE_EMAIL"):
            headers["X-Auth-Email"] = email
        if service_key := setting("apiUserServiceKey", "CLOUDFLARE_API_USER_SERVICE_KEY"):
            headers["X-Auth-User-Service-Key"] = service_key
        return cls(
            base_url=(setting("baseUrl", "CLOUDFLARE_BASE_URL") or _BASE_URL).rstrip("/"), headers=headers
        )

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Call the API and give `result`. Raises NotFoundError or OperationError with the API's own words.

        What passes is tried again, after as many seconds as the answer asks for, unless those are too many.
        """
        wait = _FIRST_WAIT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            status, text, after = await asyncio.to_thread(self._send, method, path, body, headers or {})
            retryable = status == _TOO_MANY or status >= _SERVER_ERROR or (status == 0 and method == "GET")
            asked = float(after) if after.isdigit() else wait
            if not retryable or attempt == _ATTEMPTS or asked > _LONGEST_WAIT_SECONDS:
                break
            await asyncio.sleep(asked)
            wait *= 2
        return _result(f"{method} {path}", status, text)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str, str]:
        data = None if body is None else json.dumps(_whole(body)).encode()
        request = urllib.request.Request(
            self.base_url + path, data=data, method=method, headers=self.headers | headers
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace"), error.headers.get("Retry-After", "")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(getattr(error, "reason", error)), ""


def _result(what: str, status: int, text: str) -> dict[str, Any]:
    if not status:
        raise OperationError(f"{what}: {text}")
    try:
        answer = json.loads(text) if text else {}
    except ValueError:
        answer = {}
    errors = "; ".join(f"{e.get('message')} ({e.get('code')})" for e in answer.get("errors") or ())
    if status == _NOT_FOUND:
        raise NotFoundError(f"{what}: {errors or 'not found'} (HTTP {status})")
    if status >= 400 or answer.get("success") is False:
        raise OperationError(f"{what}: {errors or text[:200]} (HTTP {status})")
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


def _whole(value: Any) -> Any:
    """The same with whole numbers written as such: the engine knows no others than floats, the API wants days."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    return [_whole(member) for member in value] if isinstance(value, list) else value


def quoted(part: str) -> str:
    """Quote one part of a path."""
    return urllib.parse.quote(part, safe="")
