"""A client of one WebSocket through the gateway (RFC 6455), as little as the tests need."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from types import TracebackType
from typing import Self

from tests.acceptance.world import World

NAME = "sales.dhanman.test"
LIMIT = 20.0
_TEXT, _CLOSE = 0x81, 0x88


class WebSocket:
    """Open within a ``with`` block. ``instance``: who answered the handshake."""

    def __init__(self, world: World) -> None:
        context = ssl.create_default_context(cafile=str(world.project / ".local/ca.crt"))
        plain = socket.create_connection((world.host.address, 443), timeout=LIMIT)
        self._socket = context.wrap_socket(plain, server_hostname=NAME)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status, *lines = list(iter(self._stream.readline, b"\r\n"))
        assert b" 101 " in status, status
        headers = dict(line.decode().strip().split(": ", 1) for line in lines)
        self.instance = headers["X-Instance"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def echo(self, text: str) -> str:
        """Send a text and give what comes back."""
        payload, mask = text.encode(), os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._socket.sendall(bytes([_TEXT, 0x80 | len(payload)]) + mask + masked)
        kind, answer = self._frame()
        assert kind == _TEXT
        return answer.decode()

    def close_code(self, seconds: float) -> int:
        """Wait until the server closes, properly, within ``seconds``; its reason as a number."""
        self._socket.settimeout(seconds)
        kind, answer = self._frame()
        assert kind == _CLOSE, kind
        return int.from_bytes(answer[:2])

    def _frame(self) -> tuple[int, bytes]:
        kind, length = self._stream.read(2)
        return kind, self._stream.read(length)
