"""A WebSocket that echoes messages (RFC 6455), to prove that the gateway passes upgrades on."""

from __future__ import annotations

import base64
import hashlib
import struct
from email.message import Message
from typing import BinaryIO

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_KEY_BYTES = 16

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING = 0x0, 0x1, 0x2, 0x8, 0x9
_FINAL, _OPCODE_MASK, _MASKED, _LENGTH_MASK = 0x80, 0x0F, 0x80, 0x7F
_PONG = 0xA
_LENGTH_16, _LENGTH_64 = 126, 127
_GOING_AWAY, _PROTOCOL_ERROR, _TOO_BIG = 1001, 1002, 1009


def accept_key(headers: Message) -> str | None:
    """Return the value of Sec-WebSocket-Accept, or None where the request is no proper upgrade."""
    key = headers.get("Sec-WebSocket-Key", "")
    upgrade = headers.get("Upgrade", "").casefold() == "websocket"
    connection = {part.strip().casefold() for part in headers.get("Connection", "").split(",")}
    try:
        proper = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except ValueError:
        proper = False
    if not (upgrade and proper and "upgrade" in connection and headers.get("Sec-WebSocket-Version") == "13"):
        return None
    return base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()


def echo(reader: BinaryIO, writer: BinaryIO) -> None:
    """Send each frame back until the client closes; the end of ``reader`` means that the service stops."""
    while True:
        head = reader.read(2)
        if len(head) < 2:
            _send(writer, _FINAL | _CLOSE, struct.pack("!H", _GOING_AWAY))
            return
        opcode, length = head[0] & _OPCODE_MASK, head[1] & _LENGTH_MASK
        if not head[1] & _MASKED or opcode not in (_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
            _send(writer, _FINAL | _CLOSE, struct.pack("!H", _PROTOCOL_ERROR))
            return
        if length == _LENGTH_16:
            length = struct.unpack("!H", reader.read(2))[0]
        elif length == _LENGTH_64:
            _send(writer, _FINAL | _CLOSE, struct.pack("!H", _TOO_BIG))
            return
        mask, masked = reader.read(4), reader.read(length)
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
        if opcode == _CLOSE:
            _send(writer, _FINAL | _CLOSE, payload[:2])
            return
        if opcode == _PING:
            _send(writer, _FINAL | _PONG, payload)
        elif opcode != _PONG:
            # The first byte goes back as it came, so fragments stay fragments.
            _send(writer, head[0], payload)


def _send(writer: BinaryIO, first: int, payload: bytes) -> None:
    if len(payload) < _LENGTH_16:
        head = struct.pack("!BB", first, len(payload))
    else:
        head = struct.pack("!BBH", first, _LENGTH_16, len(payload))
    writer.write(head + payload)
    writer.flush()
