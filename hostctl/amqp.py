"""A real login at the RabbitMQ broker of this host: the handshake of AMQP 0-9-1, as far as the opened vhost.

Source: the AMQP 0-9-1 specification, sections 2.2.4 and 4.2; RabbitMQ, "Authentication Failure Notification".
"""

from __future__ import annotations

import socket
import struct

from hostctl.errors import HostError

LIMIT = 20.0
"""Seconds; the broker takes its time before it says no."""

_START, _START_OK, _TUNE, _TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
_OPEN, _OPEN_OK, _CLOSE, _CLOSE_OK = (10, 40), (10, 41), (10, 50), (10, 51)
_METHOD_FRAME, _FRAME_END = 1, b"\xce"


def refusal(port: int, vhost: str, user: str, password: str) -> str | None:
    """Why the broker at ``port`` (loopback) does not let this user into the vhost, in its words; None if it does.

    Raises :class:`HostError` if it does not answer at all.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
            return _handshake(connection, vhost, user, password)
    except OSError as error:
        raise HostError(
            f"RabbitMQ does not answer on port {port}: {error.strerror or type(error).__name__}",
            hint="on the host: systemctl status rabbitmq-server",
        ) from None


def _handshake(connection: socket.socket, vhost: str, user: str, password: str) -> str | None:
    connection.sendall(b"AMQP\x00\x00\x09\x01")
    _receive(connection, _START)
    # with this capability the broker says why, instead of closing the connection without a word
    capabilities = _short("authentication_failure_close") + b"t\x01"
    table = _short("capabilities") + b"F" + _long(capabilities)
    response = b"\0" + user.encode() + b"\0" + password.encode()
    start_ok = _long(table) + _short("PLAIN") + _long(response) + _short("en_US")
    connection.sendall(_frame(_START_OK, start_ok))
    method, arguments = _receive(connection, _TUNE, _CLOSE)
    if method == _CLOSE:
        return _reason(arguments)
    opening = _short(vhost) + _short("") + b"\0"
    connection.sendall(_frame(_TUNE_OK, arguments) + _frame(_OPEN, opening))
    method, arguments = _receive(connection, _OPEN_OK, _CLOSE)
    if method == _CLOSE:
        return _reason(arguments)
    connection.sendall(_frame(_CLOSE, struct.pack(">H", 200) + _short("bye") + struct.pack(">HH", 0, 0)))
    _receive(connection, _CLOSE_OK)
    return None


def _short(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">B", len(data)) + data


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _frame(method: tuple[int, int], arguments: bytes) -> bytes:
    payload = struct.pack(">HH", *method) + arguments
    return struct.pack(">BHI", _METHOD_FRAME, 0, len(payload)) + payload + _FRAME_END


def _receive(connection: socket.socket, *wanted: tuple[int, int]) -> tuple[tuple[int, int], bytes]:
    """The next method and its arguments; heartbeats are passed over."""
    while True:
        kind, _, size = struct.unpack(">BHI", _exactly(connection, 7))
        payload = _exactly(connection, size + 1)[:-1]
        if kind == _METHOD_FRAME:
            break
    method = struct.unpack(">HH", payload[:4])
    if method not in wanted:
        raise OSError(0, f"it answers with the method {method[0]}.{method[1]}")
    return method, payload[4:]


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise OSError(0, "it closed the connection")
        data += part
    return data


def _reason(arguments: bytes) -> str:
    (code,) = struct.unpack(">H", arguments[:2])
    return f"{code} {arguments[3 : 3 + arguments[2]].decode(errors='replace')}"
