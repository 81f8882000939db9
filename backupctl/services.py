"""Stopping what uses a database while it is exchanged, and starting it again."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator, Sequence

from backupctl.config import Service
from backupctl.errors import Failure
from backupctl.tools import run, say, wait

READY_LIMIT = 120.0
"""Seconds that a service has to be ready again."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        """Connect to the Unix socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def is_ready(service: Service) -> bool:
    """Whether it answers 200 on ``/health/ready``."""
    connection = _Connection(service.socket)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def stopped(services: Sequence[Service]) -> Iterator[None]:
    """Inside, none of them runs; afterwards those that did run again, whatever happened, and are ready.

    Raises :class:`Failure` if one does not get ready. One that is not on this host is left alone.
    """
    running = [
        s for s in services if run("systemctl", "is-active", "--quiet", s.unit, check=False).returncode == 0
    ]
    for service in running:
        say(f"stopping {service.unit}")
        run("systemctl", "stop", service.unit)
    try:
        yield
    finally:
        for service in running:
            say(f"starting {service.unit}")
            run("systemctl", "start", service.unit, check=False)
    late = [s.unit for s in running if not wait(lambda s=s: is_ready(s), READY_LIMIT)]  # type: ignore[misc]
    if late:
        raise Failure(
            f"not ready within {READY_LIMIT:.0f} s: {', '.join(late)}",
            "see the service's error log; `dhanman-restore undo` brings the data of before back",
        )
