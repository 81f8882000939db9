"""Asking other hosts for an echo (ICMP, RFC 792 and RFC 4443), all at once and through one interface alone."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Iterable
from ipaddress import ip_address

RESEND = 0.25
"""Seconds after which whoever has not answered is asked again."""

_SO_BINDTODEVICE = 25
_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}


def answering(addresses: Iterable[str], interface: str, limit: float) -> set[str]:
    """Those of the addresses that answer through the interface within ``limit`` seconds; as soon as all have."""
    wanted = {ip_address(address) for address in addresses}
    silent, token = set(wanted), os.urandom(16)
    with contextlib.ExitStack() as stack:
        try:
            ways = {v: stack.enter_context(_socket(v, interface)) for v in {a.version for a in wanted}}
        except OSError:
            # no such interface
            return set()
        requests = {version: _request(version, token) for version in ways}
        end = time.monotonic() + limit
        while silent and time.monotonic() < end:
            for address in silent:
                # without a peer's handshake the kernel may refuse it; the next one may pass
                with contextlib.suppress(OSError):
                    ways[address.version].sendto(requests[address.version], (str(address), 0))
            again = min(time.monotonic() + RESEND, end)
            while silent and (left := again - time.monotonic()) > 0:
                for way in select.select(list(ways.values()), [], [], left)[0]:
                    packet, sender = way.recvfrom(2048)
                    if _is_reply(packet, token, 4 if way.family == socket.AF_INET else 6):
                        silent.discard(ip_address(sender[0].partition("%")[0]))
    return {str(address) for address in wanted - silent}


def _socket(version: int, interface: str) -> socket.socket:
    family, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if version == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    made = socket.socket(family, socket.SOCK_RAW, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, interface.encode())
    except OSError:
        made.close()
        raise
    return made


def _request(version: int, token: bytes) -> bytes:
    def packet(checksum: int) -> bytes:
        return struct.pack("!BBHHH", _REQUEST[version], 0, checksum, os.getpid() & 0xFFFF, 1) + token

    # of ICMPv6 the kernel calculates it, since it covers addresses that only the kernel knows
    return packet(_checksum(packet(0)) if version == 4 else 0)


def _checksum(packet: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _is_reply(packet: bytes, token: bytes, version: int) -> bool:
    # an IPv4 socket gives the IP header too; its length is in words of four bytes
    body = packet[(packet[0] & 0x0F) * 4 :] if version == 4 else packet
    return bool(body) and body[0] == _REPLY[version] and body.endswith(token)
