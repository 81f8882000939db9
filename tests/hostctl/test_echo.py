"""Echoes, from this machine's own loopback interface."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from hostctl import echo


def _permitted() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except OSError:
        return False
    return True


raw = pytest.mark.skipif(not _permitted(), reason="raw sockets need root")
ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")


@raw
@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=ipv6)])
def test_who_is_there_answers_at_once(address: str) -> None:
    start = time.monotonic()
    assert echo.answering([address], "lo", 5) == {address}
    assert time.monotonic() - start < 3


@raw
def test_who_is_not_there_is_waited_for_no_longer_than_allowed() -> None:
    start = time.monotonic()
    # loopback leads nowhere but to this machine (RFC 5737 for the other address)
    assert echo.answering(["127.0.0.1", "192.0.2.1"], "lo", 0.4) == {"127.0.0.1"}
    assert 0.3 < time.monotonic() - start < 3


def test_through_an_interface_that_is_not_there_nobody_answers() -> None:
    start = time.monotonic()
    assert echo.answering(["127.0.0.1"], "no-such-link", 5) == set()
    assert time.monotonic() - start < 3


def test_a_request_has_the_checksum_that_its_receiver_calculates() -> None:
    packet = echo._request(4, b"0123456789abcdef")
    # RFC 1071: over a packet with its checksum the sum is zero
    assert echo._checksum(packet) == 0
    assert (packet[0], echo._request(6, b"x" * 16)[0]) == (8, 128)


@pytest.mark.parametrize(
    ("packet", "version", "reply"),
    [
        (b"\x45" + bytes(19) + b"\x00" + bytes(7) + b"token", 4, True),
        (b"\x46" + bytes(23) + b"\x00" + bytes(7) + b"token", 4, True),
        (b"\x45" + bytes(19) + b"\x08" + bytes(7) + b"token", 4, False),
        (b"\x45" + bytes(19) + b"\x00" + bytes(7) + b"other", 4, False),
        (b"\x81" + bytes(7) + b"token", 6, True),
        (b"\x80" + bytes(7) + b"token", 6, False),
        (b"\x45" + bytes(19), 4, False),
    ],
)
def test_a_reply_is_told_from_requests_and_from_others_replies(
    packet: bytes, version: int, reply: bool
) -> None:
    assert echo._is_reply(packet, b"token", version) is reply
