"""Asking DNS for addresses (RFC 1035), past ``/etc/hosts`` and the caches of this host: as an ACME server asks."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

TYPES = {"A": 1, "AAAA": 28}
LIMIT = 3.0
"""Seconds that a resolver may take for one answer."""
RECURSE, TRUNCATED = 0x0100, 0x0200
NO_ERROR, NO_SUCH_NAME = 0, 3
_RESOLV = Path("/etc/resolv.conf")


class NoAnswer(Exception):
    """No resolver said anything useful; its text says what happened."""


def resolvers(wanted: Sequence[str]) -> list[tuple[str, int]]:
    """Address and port of whom to ask: as given (``127.0.0.1:53``), else those of the host."""
    if wanted:
        return [(address, int(port)) for address, _, port in (word.rpartition(":") for word in wanted)]
    try:
        found = re.findall(r"^\s*nameserver\s+(\S+)", _RESOLV.read_text(), re.MULTILINE)
    except OSError:
        found = []
    return [(address.partition("%")[0], 53) for address in found]


def addresses(domain: str, asked: Sequence[tuple[str, int]]) -> list[str]:
    """All addresses of a domain, IPv4 and IPv6; none if there is no such name. Raises :class:`NoAnswer`."""
    if not asked:
        raise NoAnswer("the host has no resolver in /etc/resolv.conf")
    problems = []
    for server in asked:
        try:
            return [found for kind in TYPES for found in _ask(server, domain, kind)]
        except (OSError, ValueError) as error:
            problems.append(f"{server[0]}: {error}")
    raise NoAnswer("; ".join(problems))


def _ask(server: tuple[str, int], domain: str, kind: str) -> list[str]:
    number = secrets.randbelow(65536)
    name = b"".join(bytes([len(label)]) + label.encode() for label in domain.split(".")) + b"\0"
    question = struct.pack(">6H", number, RECURSE, 1, 0, 0, 0) + name + struct.pack(">2H", TYPES[kind], 1)
    answer = _by_udp(server, question)
    if _flags(answer) & TRUNCATED:
        answer = _by_tcp(server, question)
    code = _flags(answer) & 15
    if code == NO_SUCH_NAME:
        return []
    if code != NO_ERROR:
        raise ValueError(f"answers with error {code}")
    return _records(answer, len(question), TYPES[kind])


def _flags(message: bytes) -> int:
    return int(struct.unpack_from(">H", message, 2)[0])


def _by_udp(server: tuple[str, int], question: bytes) -> bytes:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(LIMIT)
        channel.connect(server)
        channel.send(question)
        while True:
            answer = channel.recv(4096)
            # one that belongs to another question is nobody's
            if len(answer) >= len(question) and answer[:2] == question[:2]:
                return answer


def _by_tcp(server: tuple[str, int], question: bytes) -> bytes:
    with socket.create_connection(server, LIMIT) as channel, channel.makefile("rb") as stream:
        channel.sendall(struct.pack(">H", len(question)) + question)
        (size,) = struct.unpack(">H", stream.read(2))
        answer = stream.read(size)
    if len(answer) < len(question) or answer[:2] != question[:2]:
        raise ValueError("answers something else")
    return answer


def _records(answer: bytes, start: int, wanted: int) -> list[str]:
    """The addresses in the answer; a resolver gives those at the end of a chain of aliases as well."""
    (count,) = struct.unpack_from(">H", answer, 6)
    found, at = [], start
    try:
        for _ in range(count):
            at = _after_name(answer, at)
            kind, _, _, size = struct.unpack_from(">HHIH", answer, at)
            at += 10
            if kind == wanted:
                found.append(str(ipaddress.ip_address(answer[at : at + size])))
            at += size
    except (struct.error, IndexError):
        raise ValueError("answers with half a record") from None
    return found


def _after_name(message: bytes, at: int) -> int:
    while size := message[at]:
        if size >= 0xC0:
            return at + 2
        at += 1 + size
    return at + 1
