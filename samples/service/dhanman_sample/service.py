"""The endpoints: what one Dhanman service answers to the gateway, the unit's checks and the tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from . import dependencies
from .messages import Request, Response, as_json
from .settings import Settings

_LONGEST_SECONDS = 60.0
_HEALTHY = "Healthy"
_UNHEALTHY = "Unhealthy"

Endpoint = Callable[[Request], Response]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One running instance; ``started_at`` is in monotonic seconds, ``slot`` may be empty."""

    name: str
    version: str
    environment: str
    slot: str
    settings: Settings
    started_at: float
    fail_ready: bool = False
    check: Callable[[Settings], dict[str, dependencies.Check]] = field(
        default=dependencies.check_all, repr=False
    )

    @property
    def instance(self) -> str:
        """Version and slot, in a header of every response: a test under load sees who answered."""
        return f"{self.version}/{self.slot or '-'}"

    def endpoints(self) -> dict[str, dict[str, Endpoint]]:
        """Return the endpoints by path, then by method."""
        return {
            "/": {"GET": self._root},
            "/health": {"GET": self._health},
            "/health/startup": {"GET": self._startup},
            "/health/ready": {"GET": self._ready},
            "/echo": {"POST": self._echo},
            "/slow": {"GET": self._slow, "POST": self._slow},
            "/headers": {"GET": self._headers},
            "/hangfire": {"GET": self._hangfire},
        }

    def respond(self, request: Request) -> Response:
        """Answer a request: 404 for an unknown path, 405 for a method that the path does not have."""
        methods = self.endpoints().get(request.path)
        if methods is None:
            return as_json({"error": f"no such path: {request.path}"}, HTTPStatus.NOT_FOUND)
        # HEAD is GET without the body, which the connection leaves out.
        endpoint = methods.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            text = f"{request.method} is not for {request.path}"
            return as_json({"error": text}, HTTPStatus.METHOD_NOT_ALLOWED)
        return endpoint(request)

    def _root(self, _: Request) -> Response:
        return as_json(
            self._identity()
            | {
                "slot": self.slot or None,
                "processId": os.getpid(),
                "greeting": self.settings.text("Service:Greeting"),
            }
        )

    def _health(self, _: Request) -> Response:
        return as_json({"status": _HEALTHY} | self._identity())

    def _startup(self, _: Request) -> Response:
        left = self.started_at - time.monotonic()
        if left > 0:
            document = {"status": _UNHEALTHY, "reason": f"starting, {left:.1f} s left"} | self._identity()
            return as_json(document, HTTPStatus.SERVICE_UNAVAILABLE)
        return as_json({"status": _HEALTHY} | self._identity())

    def _ready(self, request: Request) -> Response:
        starting = self._startup(request)
        if starting.status is not HTTPStatus.OK:
            return starting
        checks = self.check(self.settings)
        if self.fail_ready:
            reason = "Sample:FailReady is set"
            checks["sample"] = dependencies.Check(healthy=False, detail=reason, milliseconds=0)
        healthy = all(check.healthy for check in checks.values())
        document = {
            "status": _HEALTHY if healthy else _UNHEALTHY,
            **self._identity(),
            "checks": {
                name: {
                    "status": _HEALTHY if check.healthy else _UNHEALTHY,
                    "detail": check.detail,
                    "milliseconds": check.milliseconds,
                }
                for name, check in checks.items()
            },
        }
        return as_json(document, HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)

    def _echo(self, request: Request) -> Response:
        headers = {name.casefold(): value for name, value in request.headers}
        return Response(
            body=request.body, content_type=headers.get("content-type", "application/octet-stream")
        )

    def _slow(self, request: Request) -> Response:
        try:
            seconds = float(parse_qs(request.query).get("seconds", ["1"])[-1])
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= _LONGEST_SECONDS:
            text = f"seconds: must be a number from 0 to {_LONGEST_SECONDS:.0f}"
            return as_json({"error": text}, HTTPStatus.BAD_REQUEST)
        if request.expired.wait(seconds):
            return as_json({"error": "the service is stopping"}, HTTPStatus.SERVICE_UNAVAILABLE)
        return as_json({"seconds": seconds} | self._identity())

    def _headers(self, request: Request) -> Response:
        return as_json({"headers": [list(header) for header in request.headers]})

    def _hangfire(self, _: Request) -> Response:
        return Response(body=b"dashboard\n", content_type="text/plain; charset=utf-8")

    def _identity(self) -> dict[str, object]:
        return {"service": self.name, "version": self.version, "environment": self.environment}
