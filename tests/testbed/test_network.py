from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from testbed import network
from testbed.errors import TestbedError

NET = IPv4Network("10.77.3.0/24")


def test_the_first_free_subnet_is_chosen() -> None:
    taken = [IPv4Network("10.77.0.0/24"), IPv4Network("10.77.1.128/25"), IPv4Network("192.0.2.0/24")]
    assert network.choose_subnet(taken) == IPv4Network("10.77.2.0/24")


def test_a_route_over_all_subnets_leaves_none() -> None:
    with pytest.raises(TestbedError, match=r"each subnet of 10\.77\.0\.0/16 is in use"):
        network.choose_subnet([IPv4Network("10.0.0.0/8")])


def test_the_first_free_address_is_given_out() -> None:
    assert network.choose_address(NET, ["10.77.3.11", "10.77.3.13"], None) == "10.77.3.12"


def test_an_address_that_is_asked_for_is_given_out() -> None:
    assert network.choose_address(NET, [], "10.77.3.200") == "10.77.3.200"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("10.77.3.11", "another host has 10.77.3.11"),
        ("10.77.4.11", "no address for a host here"),
        ("10.77.3.1", "no address for a host here"),
        ("10.77.3.255", "no address for a host here"),
        ("web", "'web' is no IPv4 address"),
    ],
)
def test_an_address_that_cannot_be_had_says_why(wanted: str, message: str) -> None:
    with pytest.raises(TestbedError, match=message):
        network.choose_address(NET, ["10.77.3.11"], wanted)


def test_a_full_subnet_says_so() -> None:
    taken = [str(address) for address in NET]
    with pytest.raises(TestbedError, match="each host address of"):
        network.choose_address(NET, taken, None)


def test_only_what_leaves_through_the_uplink_is_translated() -> None:
    assert network.translation_rules("testbed_1", str(NET), "eth0") == (
        "table ip testbed_1\ndelete table ip testbed_1\ntable ip testbed_1 {\n  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat\n"
        '    ip saddr 10.77.3.0/24 oifname "eth0" masquerade\n  }\n}\n'
    )


def test_a_machine_without_uplink_translates_nothing() -> None:
    assert "masquerade" not in network.translation_rules("testbed_1", str(NET), None)


def test_the_uplink_is_the_device_of_the_first_default_route() -> None:
    routes = "default via 192.0.2.1 dev ens3 proto dhcp \ndefault via 198.51.100.1 dev wlan0 \n"
    assert network.uplink_name(routes) == "ens3"
    assert network.uplink_name("") is None


@pytest.mark.parametrize(
    ("cidr", "near"),
    [
        ("198.51.100.10/24", "198.51.100.1"),
        ("198.51.100.1/24", "198.51.100.254"),
        ("203.0.113.5/30", "203.0.113.6"),
    ],
)
def test_this_machine_takes_another_address_of_the_same_subnet(cidr: str, near: str) -> None:
    assert network.machine_side(network.check_cidr(cidr)) == near


@pytest.mark.parametrize("cidr", ["198.51.100.10", "198.51.100.0/24", "198.51.100.255/24", "web/24"])
def test_a_second_address_needs_room_for_this_machine(cidr: str) -> None:
    with pytest.raises(TestbedError, match=r"leaves no room|is no IPv4 address"):
        network.check_cidr(cidr)
