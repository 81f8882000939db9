"""Records at Cloudflare that are in the way of one that is to be made. Nothing is changed here.

Cloudflare refuses only an identical record (81058) and what contradicts a CNAME (81053, 81054). A second address beside
another one it takes, and half of the requests would go there; so what is at a name is looked at before. Source:
Cloudflare's API reference, "List DNS Records"; https://developers.cloudflare.com/fundamentals/api/reference/limits
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from components.dns.plan import Record

BASE_URL = "https://api.cloudflare.com/client/v4"
_TIMEOUT = 20.0
_ATTEMPTS = 4
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0
_TOO_MANY, _SERVER_ERROR = 429, 500
_REFUSED = (401, 403)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A record as Cloudflare has it."""

    id: str
    type: str
    name: str
    content: str
    comment: str

    def __str__(self) -> str:
        return f"{self.name} {self.type} {self.content}"


class LookError(Exception):
    """What is at Cloudflare can't be found out; the text says why. ``passing``: it may end by itself."""

    def __init__(self, text: str, *, passing: bool) -> None:
        super().__init__(text)
        self.passing = passing


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone at Cloudflare. ``token``: may read its records. ``base_url``: of the API."""

    id: str
    token: str = field(repr=False)
    base_url: str = BASE_URL
    first_wait: float = _FIRST_WAIT

    def records(self, name: str) -> list[Found]:
        """All records of that name. Raises :class:`LookError`."""
        query = urllib.parse.urlencode({"name.exact": name, "per_page": 100})
        status, text = self._get(f"/zones/{urllib.parse.quote(self.id, safe='')}/dns_records?{query}")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        if status == 200 and answer.get("success"):
            return [_found(raw) for raw in answer.get("result") or ()]
        said = "; ".join(f"{e.get('message')} ({e.get('code')})" for e in answer.get("errors") or ())
        why = said or (f"HTTP {status}" if status else text)
        if status in _REFUSED:
            text = f"Cloudflare refuses the token: {why}; it needs Zone / DNS / Edit on the zone (cloudflare:apiToken)"
            raise LookError(text, passing=False)
        passing = status in (0, _TOO_MANY) or status >= _SERVER_ERROR
        step = "run again later" if passing else "check dns.zoneId"
        raise LookError(f"Cloudflare was asked what is at {name}: {why}; {step}", passing=passing)

    def _get(self, path: str) -> tuple[int, str]:
        wait = self.first_wait
        for attempt in range(1, _ATTEMPTS + 1):
            status, text, after = self._send(path)
            passing = status in (0, _TOO_MANY) or status >= _SERVER_ERROR
            if not passing or attempt == _ATTEMPTS:
                break
            asked = float(after) if after.isdigit() else wait
            if asked > _LONGEST_WAIT:
                break
            time.sleep(asked)
            wait *= 2
        return status, text

    def _send(self, path: str) -> tuple[int, str, str]:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "dhanman-infra"}
        request = urllib.request.Request(self.base_url.rstrip("/") + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace"), error.headers.get("Retry-After", "")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(getattr(error, "reason", error)), ""


def _found(raw: dict[str, Any]) -> Found:
    texts = {name: str(raw.get(name) or "") for name in ("id", "type", "name", "content", "comment")}
    return Found(**texts)


def in_the_way(wanted: Record, found: Iterable[Found], comment: str) -> list[Found]:
    """Which of the records at its name ``wanted`` can't or must not be beside.

    ``comment``: of this stack. Its own CAA records stand beside each other; of everything else there is one.
    """
    return [one for one in found if _excludes(wanted, one, comment)]


def _excludes(wanted: Record, one: Found, comment: str) -> bool:
    if one.name.rstrip(".").lower() != wanted.name:
        return False
    if "CNAME" in (wanted.type, one.type):
        return True
    if one.type != wanted.type:
        return False
    if wanted.type == "TXT":
        return one.content.lstrip('"').casefold().startswith(wanted.starts.casefold())
    if wanted.type == "CAA":
        return one.comment != comment or one.content == wanted.content
    return True


def refusal(wanted: Record, blocking: Iterable[Found], comment: str, command: str) -> str:
    """One line for each record in the way. ``command``: what imports one, with ``{id}`` for its id."""
    lines = []
    for one in blocking:
        own = one.comment == comment
        whose = "was made by this stack, whose state has lost it" if own else "was not made by this stack"
        how = f"to take it over as {wanted.key}: {command.replace('{id}', one.id)}"
        if one.type != wanted.type:
            how = f"it can't be beside {wanted.type}"
        lines.append(f"{one} is at Cloudflare already and {whose}; {how}; or delete it there")
    return "\n".join(lines)
