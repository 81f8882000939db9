"""What listens and answers, against what is declared."""

from __future__ import annotations

import socket

from audit.listeners import inside, outside, scan

LINES = """\
udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:*
tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))
tcp LISTEN 0 511 [::]:443 [::]:* users:(("nginx",pid=2,fd=6))
tcp LISTEN 0 128 127.0.0.53%lo:53 0.0.0.0:*
tcp LISTEN 0 128 [::1]:5206 [::]:*
"""
DECLARED = {("tcp", 22): "sshd", ("tcp", 443): "NGINX"}


def test_loopback_is_nobodys_business_and_what_is_declared_passes() -> None:
    assert inside(LINES, DECLARED).passed


def test_a_stranger_falls_short_with_its_program() -> None:
    said = inside(LINES + 'udp UNCONN 0 0 0.0.0.0:111 0.0.0.0:* users:(("rpcbind",pid=9,fd=4))\n', DECLARED)
    assert not said.passed
    assert said.remarks == ["udp 0.0.0.0:111 (rpcbind)"]


def test_a_declared_number_is_declared_for_its_protocol_alone() -> None:
    assert not inside("udp UNCONN 0 0 0.0.0.0:443 0.0.0.0:*\n", DECLARED).passed


def test_an_open_port_too_many_and_one_too_few_fall_short() -> None:
    assert outside("here", [22, 443], {22, 443}).passed
    said = outside("here", [22, 8080], {22, 443})
    assert not said.passed
    assert said.remarks == ["8080 answers and is not declared", "443 is declared and does not answer"]


def test_a_scan_finds_the_ports_that_accept_and_no_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = [open_.getsockname()[1], closed.getsockname()[1]]
        assert scan("127.0.0.1", [], ports=ports) == ports[:1]
        assert scan("127.0.0.1", ports, ports=[]) == ports[:1], "what is expected is looked at once more"
