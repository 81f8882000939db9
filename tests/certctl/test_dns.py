from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from certctl import dns

A, AAAA, CNAME = 1, 28, 5
Answer = Callable[[bytes], list[bytes]]


def record(kind: int, content: bytes) -> bytes:
    # the name is a pointer to the question's
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(content)) + content


def answer(question: bytes, *records: bytes, flags: int = 0x8180) -> bytes:
    return question[:2] + struct.pack(">5H", flags, 1, len(records), 0, 0) + question[12:] + b"".join(records)


def kind_of(question: bytes) -> int:
    return int(struct.unpack(">H", question[-4:-2])[0])


def both_protocols() -> tuple[socket.socket, socket.socket]:
    """UDP and TCP at one port of loopback; a port that is free for the one may be taken for the other."""
    while True:
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        channel.bind(("127.0.0.1", 0))
        try:
            return channel, socket.create_server(channel.getsockname())
        except OSError:
            channel.close()


@contextmanager
def server(said: Answer, by_tcp: Answer | None = None) -> Iterator[tuple[str, int]]:
    """A resolver on loopback that answers each question with these messages."""
    channel, streams = both_protocols()
    with channel, streams:
        where: tuple[str, int] = channel.getsockname()

        def datagrams() -> None:
            while True:
                try:
                    question, sender = channel.recvfrom(512)
                except OSError:
                    return
                if question == b"end":
                    return
                for message in said(question):
                    channel.sendto(message, sender)

        def connections() -> None:
            assert by_tcp
            for _ in range(2):
                connected, _ = streams.accept()
                with connected:
                    question = connected.recv(512)[2:]
                    (message,) = by_tcp(question)
                    connected.sendall(struct.pack(">H", len(message)) + message)

        threads = [threading.Thread(target=datagrams, daemon=True)]
        threads += [threading.Thread(target=connections, daemon=True)] if by_tcp else []
        for thread in threads:
            thread.start()
        yield where
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", where)
        threads[0].join(5)


def both(question: bytes) -> list[bytes]:
    if kind_of(question) == AAAA:
        return [answer(question, record(AAAA, socket.inet_pton(socket.AF_INET6, "2001:db8::1")))]
    alias = record(CNAME, b"\x05other\x07example\x00")
    return [answer(question, alias, record(A, b"\xc0\x00\x02\x0a"))]


def test_both_kinds_of_address_are_found_also_behind_an_alias() -> None:
    with server(both) as where:
        assert dns.addresses("a.example", [where]) == ["192.0.2.10", "2001:db8::1"]


def test_a_name_that_is_not_there_has_no_addresses() -> None:
    with server(lambda question: [answer(question, flags=0x8183)]) as where:
        assert dns.addresses("a.example", [where]) == []


def test_an_answer_to_another_question_is_not_taken() -> None:
    def forged(question: bytes) -> list[bytes]:
        other = struct.pack(">H", struct.unpack(">H", question[:2])[0] ^ 1)
        return [answer(other + question[2:], record(A, b"\xc6\x33\x64\x01")), *both(question)]

    with server(forged) as where:
        assert dns.addresses("a.example", [where]) == ["192.0.2.10", "2001:db8::1"]


def test_a_long_answer_is_fetched_over_tcp() -> None:
    many = [record(A, bytes([192, 0, 2, number])) for number in range(100)]

    def whole(question: bytes) -> list[bytes]:
        return [answer(question, *(many if kind_of(question) == A else []))]

    with server(lambda question: [answer(question, flags=0x8380)], whole) as where:
        assert len(dns.addresses("a.example", [where])) == 100


def test_the_next_resolver_is_asked_when_one_fails_and_all_failures_are_told() -> None:
    with server(lambda question: [answer(question, flags=0x8182)]) as broken, server(both) as good:
        assert dns.addresses("a.example", [broken, good]) == ["192.0.2.10", "2001:db8::1"]
        with pytest.raises(dns.NoAnswer, match=r"127.0.0.1: answers with error 2"):
            dns.addresses("a.example", [broken])


@pytest.mark.parametrize("cut", [1, 5, 14])
def test_half_an_answer_is_an_error_and_not_an_address(cut: int) -> None:
    def half(question: bytes) -> list[bytes]:
        return [message[:-cut] for message in both(question)]

    with server(half) as where, pytest.raises(dns.NoAnswer):
        dns.addresses("a.example", [where])


def test_no_resolver_at_all_is_said() -> None:
    with pytest.raises(dns.NoAnswer, match="no resolver"):
        dns.addresses("a.example", [])


def test_resolvers_are_those_given_or_the_host_s_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert dns.resolvers(("127.0.0.1:8053",)) == [("127.0.0.1", 8053)]
    known = tmp_path / "resolv.conf"
    known.write_text(
        "search example\nnameserver 192.0.2.53\n nameserver fe80::1%eth0\n# nameserver 192.0.2.54\n"
    )
    monkeypatch.setattr(dns, "_RESOLV", known)
    assert dns.resolvers(()) == [("192.0.2.53", 53), ("fe80::1", 53)]
