"""Asking a service over HTTP. A module of its own: what it imports takes longer than a whole unchanged run."""

from __future__ import annotations

import http.client
import socket
from typing import Any


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(check: dict[str, Any], timeout: float) -> str | None:
    """None if the answer is the wanted one, else what was answered instead."""
    connection: http.client.HTTPConnection
    if check["socket"]:
        connection = _UnixConnection(check["socket"], timeout)
    else:
        connection = http.client.HTTPConnection("localhost", int(check["port"]), timeout=timeout)
    try:
        connection.request("GET", check["path"], headers={"Host": check["host"], "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(2000).decode(errors="replace")
    except http.client.HTTPException as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return None if answer.status == check["status"] else f"status {answer.status}: {body.strip()}"
