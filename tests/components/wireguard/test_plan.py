"""The tunnel's units on each host."""

from __future__ import annotations

import json
from typing import TypeVar

from components.unit import File, Packages, Service, Unit, WireguardInterface, WireguardPeers
from components.wireguard.keys import key_pair
from components.wireguard.plan import Member, WireguardSpec, interface_unit, peers_unit
from tests.components.recording import seed

T = TypeVar("T")
MEMBERS = (
    Member(name="main", address="10.66.0.1", reached_at="192.0.2.10"),
    Member(name="data", address="10.66.0.2", reached_at="192.0.2.20"),
    Member(name="far", address="10.66.0.3", reached_at="2001:db8::30"),
)
KEYS = {member.name: key_pair(seed(member.name)) for member in MEMBERS}
SPEC = WireguardSpec(members=MEMBERS, network="10.66.0.0/24")


def only(unit: Unit, kind: type[T]) -> T:
    (found,) = [thing for thing in unit.things if isinstance(thing, kind)]
    return found


def configuration(spec: WireguardSpec = SPEC, name: str = "main") -> File:
    unit = interface_unit(spec, name, KEYS)
    return next(t for t in unit.things if isinstance(t, File) and t.path == "/etc/wireguard/dhanman.conf")


def sections(text: str) -> list[dict[str, str]]:
    """Interface and peers of a file of wg-quick."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            found.append({})
        elif line and not line.startswith("#"):
            key, _, value = line.partition(" = ")
            found[-1][key] = value
    return found


def test_the_file_names_the_own_key_and_each_other_host() -> None:
    own, data, far = sections(configuration().content)
    assert own == {"PrivateKey": KEYS["main"].private, "Address": "10.66.0.1/24", "ListenPort": "51820"}
    assert data == {
        "PublicKey": KEYS["data"].public,
        "AllowedIPs": "10.66.0.2/32",
        "Endpoint": "192.0.2.20:51820",
    }
    assert far["Endpoint"] == "[2001:db8::30]:51820"


def test_no_private_key_is_on_another_host_or_readable_there() -> None:
    for name, own in KEYS.items():
        unit = interface_unit(SPEC, name, KEYS)
        text = json.dumps(unit.to_json())
        assert [other for other, pair in KEYS.items() if pair.private in text] == [name]
        assert unit.redact == (own.private,)
        file = configuration(name=name)
        assert (file.mode, file.owner, file.secret) == ("0600", "root", True)
        assert own.private not in json.dumps(only(unit, WireguardInterface).to_json())
        assert own.private not in json.dumps(peers_unit(SPEC, name, KEYS).to_json())


def test_port_mtu_and_keepalive_are_as_set() -> None:
    spec = WireguardSpec(members=MEMBERS, network="10.66.0.0/24", port=5555, mtu=1380, keepalive=25)
    own, *peers = sections(configuration(spec).content)
    assert (own["ListenPort"], own["MTU"]) == ("5555", "1380")
    assert {peer["PersistentKeepalive"] for peer in peers} == {"25"}
    assert peers[0]["Endpoint"] == "192.0.2.20:5555"


def test_ipv6_addresses_in_the_tunnel_have_their_own_prefix_lengths() -> None:
    members = (
        Member(name="main", address="fd66::1", reached_at="192.0.2.10"),
        Member(name="data", address="fd66::2", reached_at="192.0.2.20"),
    )
    own, peer = sections(configuration(WireguardSpec(members=members, network="fd66::/64")).content)
    assert (own["Address"], peer["AllowedIPs"]) == ("fd66::1/64", "fd66::2/128")


def test_a_changed_peer_is_a_reload_and_never_a_restart() -> None:
    assert configuration().notify == ("reload wg-quick@dhanman.service",)
    assert only(interface_unit(SPEC, "main", KEYS), Service).unit == "wg-quick@dhanman.service"


def test_wireguard_go_comes_only_where_the_kernel_lacks_it_and_the_settings_let_it() -> None:
    names = {t.name: t for t in interface_unit(SPEC, "main", KEYS).things if isinstance(t, Packages)}
    assert names["wireguard"].unless_module is None
    assert (names["wireguard-go"].packages, names["wireguard-go"].unless_module) == (
        ("wireguard-go",),
        "wireguard",
    )
    strict = WireguardSpec(members=MEMBERS, network="10.66.0.0/24", userspace=False)
    assert only(interface_unit(strict, "main", KEYS), Packages).name == "wireguard"


def test_a_host_asks_all_others_and_not_itself() -> None:
    asked = only(peers_unit(SPEC, "data", KEYS), WireguardPeers)
    assert [(peer.name, peer.address) for peer in asked.peers] == [
        ("main", "10.66.0.1"),
        ("far", "10.66.0.3"),
    ]


def test_new_keys_of_another_host_are_asked_for_anew() -> None:
    turned = KEYS | {"data": key_pair(seed("data, once more"))}
    assert peers_unit(SPEC, "main", KEYS).serialize() != peers_unit(SPEC, "main", turned).serialize()


def test_the_process_may_do_what_a_tunnel_needs_and_no_more() -> None:
    unit = interface_unit(SPEC, "main", KEYS)
    text = next(
        t.content for t in unit.things if isinstance(t, File) and t.path.endswith(".service.d/dhanman.conf")
    )
    lines = text.splitlines()
    assert "CapabilityBoundingSet=CAP_NET_ADMIN" in lines
    assert "ProtectSystem=strict" in lines
    # of two lines with the same key systemd takes the later one
    assert lines.index("PrivateDevices=no") > lines.index("PrivateDevices=yes")
