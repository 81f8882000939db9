"""What listens on a host, against its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.settings import Wireguard, load
from doctor.findings import Level
from doctor.listeners import Listener, declared, judge_listeners, parse, strangers
from tests.components.settings.example import changed

NGINX = Listener(address="::", port=443, process="nginx")
PORTMAPPER = Listener(address="0.0.0.0", port=111, process="rpcbind", protocol="udp")
WANTED = {("tcp", 22): "SSH", ("tcp", 443): "NGINX"}


@pytest.mark.parametrize(
    ("where", "address", "loopback"),
    [
        ("0.0.0.0:22", "0.0.0.0", False),
        ("*:22", "*", False),
        ("[::]:22", "::", False),
        ("[fe80::1]%eth0:22", "fe80::1", False),
        ("127.0.0.53%lo:22", "127.0.0.53", True),
        ("[::1]:22", "::1", True),
        ("[::ffff:127.0.0.1]:22", "::ffff:127.0.0.1", True),
    ],
)
def test_a_line_of_ss_is_address_port_and_program(where: str, address: str, loopback: bool) -> None:
    found = parse("tcp", where, 'users:(("sshd",pid=1,fd=3))')
    assert found == Listener(address=address, port=22, process="sshd")
    assert found.loopback is loopback


def test_a_column_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse("tcp", "nothing", "")


def test_what_is_declared_and_what_only_the_host_reaches_is_no_stranger() -> None:
    assert strangers([NGINX, Listener(address="127.0.0.1", port=8125)], WANTED) == []
    assert strangers([NGINX, PORTMAPPER, PORTMAPPER], WANTED) == [PORTMAPPER]


def test_a_number_is_declared_for_its_protocol_alone() -> None:
    assert strangers([Listener(address="*", port=443, protocol="udp")], WANTED)


def test_a_stranger_is_a_warning_with_its_program_since_the_firewall_is_in_front_of_it() -> None:
    (found,) = judge_listeners("main", [NGINX, PORTMAPPER], WANTED)
    assert found.level is Level.WARN
    assert found.text == "not declared: udp 0.0.0.0:111 (rpcbind); the firewall alone keeps others away"
    (well,) = judge_listeners("main", [NGINX], WANTED)
    assert (well.level, well.text) == (Level.OK, "1 beyond loopback, all declared")


def test_many_strangers_are_counted() -> None:
    many = [Listener(address="*", port=port) for port in range(8000, 8006)]
    (found,) = judge_listeners("main", many, WANTED)
    assert "and 3 more" in found.text


def test_the_ports_of_a_host_follow_from_its_roles(tmp_path: Path) -> None:
    one = load("qa", changed({}), project=tmp_path)
    found = declared(one, "main")
    assert {
        ("tcp", 22),
        ("tcp", 443),
        ("tcp", 5432),
        ("tcp", 5672),
        ("tcp", 25672),
        ("udp", 68),
    } <= found.keys()
    bare = one.model_copy(update={"roles": one.roles.model_copy(update={"gateway": (), "postgres": ()})})
    assert not declared(bare, "main").keys() & {("tcp", 443), ("tcp", 5432), ("udp", 443)}


def test_a_tunnel_is_declared(tmp_path: Path) -> None:
    one = load("qa", changed({}), project=tmp_path)
    network = one.network.model_copy(update={"wireguard": Wireguard(range="10.66.0.0/24", port=51821)})
    assert declared(one.model_copy(update={"network": network}), "main")["udp", 51821] == "WireGuard"
