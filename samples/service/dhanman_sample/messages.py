"""A request and a response, as the endpoints see them."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, its body read in full; ``expired`` is set when the service cannot wait any longer."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    expired: threading.Event


@dataclass(frozen=True, kw_only=True)
class Response:
    """One response."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes
    content_type: str = "application/json; charset=utf-8"


def as_json(document: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a JSON response."""
    return Response(status=status, body=json.dumps(document).encode() + b"\n")
