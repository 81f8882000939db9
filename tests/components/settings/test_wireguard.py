"""The tunnel between hosts: what is accepted, and what is said of what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.components.settings.example import CONFIG, DELETE, HOST_KEY, Load

TWO_HOSTS: dict[str, Any] = {
    "network/wireguard/range": "10.66.0.0/24",
    "hosts/main/privateAddress": "10.66.0.1",
    "hosts/data": {
        "address": "192.0.2.20",
        "hostKey": HOST_KEY,
        "memory": "16GiB",
        "cores": 4,
        "privateAddress": "10.66.0.2",
    },
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "a host alone",
        {"hosts": CONFIG["hosts"], "network/wireguard/range": "10.66.0.0/24"},
        "network/wireguard: has no use with one host; take it out, or add the others",
    ),
    ("no range", {"network": {"wireguard": {}}}, "network/wireguard/range: is missing"),
    (
        "a range with host bits",
        {"network/wireguard/range": "10.66.0.1/24"},
        "network/wireguard/range: must be a",
    ),
    (
        "a public range",
        {
            "network/wireguard/range": "8.8.8.0/24",
            "hosts/main/privateAddress": "8.8.8.1",
            "hosts/data/privateAddress": "8.8.8.2",
        },
        "network/wireguard/range: 8.8.8.0/24 is not private; choose one such as 10.66.0.0/24",
    ),
    (
        "a range that others are in",
        {"network/privateRanges": ["10.0.0.0/8"]},
        "network/privateRanges/0: 10.0.0.0/8 overlaps 10.66.0.0/24, network/wireguard/range",
    ),
    (
        "a range that a host is in",
        {
            "network/wireguard/range": "192.0.2.0/24",
            "hosts/main/privateAddress": "192.0.2.1",
            "hosts/data/privateAddress": "192.0.2.2",
            "hosts/data/address": "198.51.100.1",
        },
        "hosts/main/address: 192.0.2.10 is in network/wireguard/range",
    ),
    (
        "no address",
        {"hosts/data/privateAddress": DELETE},
        "hosts/data/privateAddress: is missing: with network/wireguard each host needs an address in 10.66.0.0/24",
    ),
    (
        "an address elsewhere",
        {"hosts/data/privateAddress": "10.0.0.2"},
        "hosts/data/privateAddress: 10.0.0.2 is not in 10.66.0.0/24",
    ),
    (
        "the address of the network",
        {"hosts/data/privateAddress": "10.66.0.0"},
        "hosts/data/privateAddress: 10.66.0.0 is the first or the last of 10.66.0.0/24",
    ),
    (
        "one address twice",
        {"hosts/data/privateAddress": "10.66.0.1"},
        "hosts/data/privateAddress: 10.66.0.1 is also hosts/main/privateAddress",
    ),
    ("a low port", {"network/wireguard/port": 443}, "network/wireguard/port: must be at least 1024"),
    ("a small MTU", {"network/wireguard/mtu": 576}, "network/wireguard/mtu: must be at least 1280, not 576"),
    ("no keepalive", {"network/wireguard/keepalive": 0}, "network/wireguard/keepalive: must be at least 1"),
    (
        "another implementation",
        {"network/wireguard/implementation": "userspace"},
        "network/wireguard/implementation: must be 'auto' or 'kernel', not 'userspace'",
    ),
]


@pytest.mark.parametrize(("changes", "line"), [pytest.param(c, line, id=name) for name, c, line in BAD])
def test_a_mistake_is_one_plain_line(
    problems: Callable[..., list[str]], changes: dict[str, Any], line: str
) -> None:
    (found,) = problems(TWO_HOSTS | changes)
    assert line in found


def test_all_mistakes_come_at_once(problems: Callable[..., list[str]]) -> None:
    wrong = {"network/privateRanges": ["10.0.0.0/8"], "hosts/main/privateAddress": "10.0.0.1"}
    assert len(problems(TWO_HOSTS | wrong | {"hosts/data/privateAddress": DELETE})) == 3


def test_a_tunnel_takes_the_place_of_private_ranges_and_others_may_be_named_beside_it(
    load_changed: Load,
) -> None:
    network = load_changed(TWO_HOSTS).network
    assert (network.private_ranges, network.internal_ranges) == ((), ("10.66.0.0/24",))
    beside = load_changed(TWO_HOSTS | {"network/privateRanges": ["192.168.7.0/24"]}).network
    assert beside.internal_ranges == ("10.66.0.0/24", "192.168.7.0/24")
    without = load_changed().network
    assert without.private_ranges == without.internal_ranges == ("10.0.0.0/8",)


def test_other_hosts_are_reached_at_their_addresses_in_the_tunnel(load_changed: Load) -> None:
    settings = load_changed(TWO_HOSTS)
    assert settings.hosts["data"].internal_address == "10.66.0.2"
    assert settings.network.wireguard
    assert settings.network.wireguard.port == 51820


def test_a_tunnel_may_have_ipv6_addresses(load_changed: Load) -> None:
    changes = {
        "network/wireguard/range": "fd66::/64",
        "hosts/main/privateAddress": "fd66::1",
        "hosts/data/privateAddress": "fd66::2",
    }
    assert load_changed(TWO_HOSTS | changes).network.internal_ranges == ("fd66::/64",)
