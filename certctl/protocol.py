"""What an ACME server said (RFC 8555, RFC 7807), read from the log of the client that heard it."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

URN = "urn:ietf:params:acme:error:"
LATER = (429, 503)
"""Statuses that ask for patience."""
PATIENCE = 3600.0
"""Seconds to wait where the server wants patience and does not say how much."""
_ANSWER = re.compile(
    r":acme\.client:Received response:\nHTTP (\d{3})\n(.*?)\n\n(.*?)(?=\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+:|\Z)",
    re.DOTALL,
)
_WORDS = {
    "unauthorized": "the proof was not found where it must be",
    "connection": "the ACME server can't connect to port 80",
    "dns": "the ACME server's DNS does not find it",
    "caa": "a CAA record forbids this CA to issue",
    "rejectedIdentifier": "this CA issues nothing for that name",
    "accountDoesNotExist": "the ACME server does not know this host's account",
    "rateLimited": "the ACME server's rate limit is reached",
    "tls": "the ACME server can't make a TLS connection",
    "externalAccountRequired": "this CA wants an account that was made with it beforehand",
    "userActionRequired": "the CA's terms of service have changed",
    "serverInternal": "the ACME server has a failure of its own",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An error as the server put it. ``kind``: its ACME type, or empty. ``domain``: what it is about, if named.

    ``until``: seconds since the epoch before which the server wants no further question; None: it does not say.
    """

    kind: str
    detail: str
    status: int
    domain: str = ""
    until: float | None = None

    @property
    def text(self) -> str:
        """In words, and then in the server's own."""
        words = _WORDS.get(self.kind, self.kind or f"HTTP status {self.status}")
        about = f"{self.domain}: " if self.domain else ""
        return f"{about}{words} ({self.detail})" if self.detail else f"{about}{words}"


def own_words(log: str) -> list[str]:
    """What the client itself complains of, where the server said nothing wrong: a provider of DNS, a connection."""
    found = re.findall(r"^\S+ \S+:ERROR:certbot\._internal\.log:(.+)$", log, re.MULTILINE)
    return [_line(words) for words in found if not words.startswith(("An unexpected error", "Ask for help"))]


def problems(log: str, now: float | None = None) -> list[Problem]:
    """What went wrong in the course of one certificate's request, in the order in which it was said, each once."""
    now = time.time() if now is None else now
    found: list[Problem] = []
    for status, headers, body in _ANSWER.findall(log):
        for problem in _of_answer(int(status), headers, _parsed(body), now):
            if problem not in found:
                found.append(problem)
    return found


def _of_answer(status: int, headers: str, body: dict[str, Any], now: float) -> list[Problem]:
    if status >= 400:
        kind = str(body.get("type", "")).removeprefix(URN)
        if kind == "badNonce":  # the client asks again by itself
            return []
        detail = _line(body.get("detail", ""))
        patient = status in LATER or kind == "rateLimited"
        until = _until(headers, detail, now) if patient else None
        below = [p for p in body.get("subproblems", ()) if isinstance(p, dict)]
        return [_of_identifier(p, status) for p in below] or [
            Problem(kind=kind, detail=detail, status=status, until=until)
        ]
    if body.get("status") != "invalid":
        return []
    domain = str(body.get("identifier", {}).get("value", ""))
    errors = [c["error"] for c in body.get("challenges", ()) if isinstance(c, dict) and "error" in c]
    return [
        Problem(
            kind=str(error.get("type", "")).removeprefix(URN),
            detail=_line(error.get("detail", "")),
            status=int(error.get("status", 0)),
            domain=domain,
        )
        for error in errors
    ]


def _of_identifier(body: dict[str, Any], status: int) -> Problem:
    return Problem(
        kind=str(body.get("type", "")).removeprefix(URN),
        detail=_line(body.get("detail", "")),
        status=status,
        domain=str(body.get("identifier", {}).get("value", "")),
    )


def _parsed(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _line(text: object) -> str:
    return " ".join(str(text).split())[:400]


def _until(headers: str, detail: str, now: float) -> float:
    """From the header (RFC 9110, section 10.2.3) and the words in which Let's Encrypt says it: the later one."""
    found = []
    header = re.search(r"^Retry-After:\s*(.+)$", headers, re.IGNORECASE | re.MULTILINE)
    if header and header[1].strip().isdecimal():
        found.append(now + int(header[1]))
    elif header:
        with contextlib.suppress(ValueError):
            found.append(parsedate_to_datetime(header[1].strip()).timestamp())
    words = re.search(r"retry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)", detail)
    if words:
        found.append(datetime.fromisoformat(f"{words[1]}T{words[2]}").replace(tzinfo=UTC).timestamp())
    return max(found, default=now + PATIENCE)
