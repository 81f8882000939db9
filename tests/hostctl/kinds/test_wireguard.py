"""The interface that runs against the one that is wanted, and peers that answer or not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hostctl import echo
from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.base import State
from hostctl.kinds.wireguard import WireguardInterface, WireguardPeers
from tests.hostctl.tools import Tools

PEER: dict[str, Any] = {
    "name": "data",
    "public_key": "data-public",
    "address": "10.66.0.2",
    "endpoint": "192.0.2.20:51820",
    "keepalive": 25,
}
WANTED: dict[str, Any] = {
    "kind": "wireguard_interface",
    "name": "dhanman",
    "address": "10.66.0.1/24",
    "port": 51820,
    "mtu": 1420,
    "public_key": "own-public",
    "peers": [PEER],
    "notify": ["restart wg-quick@dhanman.service"],
}
DUMP = (
    "own-private\town-public\t51820\toff\n"
    "data-public\t(none)\t198.51.100.7:40001\t10.66.0.2/32\t1700000000\t148\t92\t25\n"
)
LINK = (
    '[{"ifname":"dhanman","mtu":1420,"addr_info":[{"local":"10.66.0.1","prefixlen":24,"scope":"global"},'
    '{"local":"fe80::1","prefixlen":64,"scope":"link"}]}]'
)


def interface(**changes: Any) -> WireguardInterface:
    thing = build(WANTED | changes)
    assert isinstance(thing, WireguardInterface)
    return thing


@pytest.fixture
def running(tools: Tools) -> Tools:
    """An interface as it is wanted, whose peer has moved to another address."""
    tools.answer("wg show dhanman dump", DUMP)
    tools.answer("ip -json address show dev dhanman", LINK)
    return tools


@pytest.mark.usefixtures("running")
def test_an_interface_as_wanted_does_not_differ_wherever_its_peer_has_moved() -> None:
    state = interface().observe()
    assert interface().differs(state) == []
    assert "own-private" not in str(state)


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("changes", "words", "verb"),
    [
        ({"public_key": "new"}, ["another key"], "reload"),
        ({"port": 5555}, ["port 51820 -> 5555"], "reload"),
        ({"peers": []}, ["a peer that nobody wants: data-public"], "reload"),
        (
            {"peers": [PEER | {"public_key": "new"}]},
            ["data is missing", "a peer that nobody wants: data-public"],
            "reload",
        ),
        ({"peers": [PEER | {"keepalive": 0}]}, ["data is another"], "reload"),
        ({"peers": [PEER | {"address": "10.66.0.9"}]}, ["data is another"], "reload"),
        ({"address": "10.66.0.5/24"}, ["address 10.66.0.1/24 -> 10.66.0.5/24"], "restart"),
        ({"mtu": 1380}, ["MTU 1420 -> 1380"], "restart"),
        ({"mtu": None}, [], None),
    ],
)
def test_what_differs_is_said_in_words_and_only_what_no_reload_changes_is_a_restart(
    tools: Tools, changes: dict[str, Any], words: list[str], verb: str | None
) -> None:
    thing = interface(**changes)
    state = thing.observe()
    assert thing.differs(state) == words
    if verb:
        thing.apply(state)
        assert tools.asked("systemctl") == [f"systemctl {verb} wg-quick@dhanman.service"]
    assert thing.calls_for(state) == (thing.notify if verb == "restart" else [])


def test_an_interface_that_is_not_there_is_made_by_its_unit_and_was_nobodys(tools: Tools) -> None:
    tools.answer("wg show dhanman dump", status=1, err="Unable to access interface: No such device")
    state = interface().observe()
    assert state is not None
    assert interface().differs(state) == ["not there"]
    assert not interface().foreign(state)
    interface().apply(state)
    assert tools.asked("systemctl") == ["systemctl restart wg-quick@dhanman.service"]


@pytest.mark.usefixtures("running")
def test_an_interface_of_the_same_name_that_is_another_one_is_somebody_s() -> None:
    state = interface(public_key="new").observe()
    assert state is not None
    assert interface(public_key="new").foreign(state)


def test_ipv6_peers_have_prefix_lengths_of_their_own(tools: Tools) -> None:
    tools.answer("wg show dhanman dump", DUMP.replace("10.66.0.2/32", "fd66::2/128"))
    tools.answer("ip -json", LINK.replace('"10.66.0.1","prefixlen":24', '"fd66::1","prefixlen":64'))
    thing = interface(address="fd66::1/64", peers=[PEER | {"address": "fd66::2"}])
    assert thing.differs(thing.observe()) == []


class Answers:
    """Takes the place of echoes: who answers, and for how long it was asked."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.limits: list[float] = []

    def __call__(self, addresses: Any, interface: str, limit: float) -> set[str]:
        assert interface == "dhanman"
        self.limits.append(limit)
        return self.there & set(addresses)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(echo, "answering", made)
    return made


def peers() -> WireguardPeers:
    thing = build(
        {
            "kind": "wireguard_peers",
            "name": "dhanman",
            "peers": [PEER, PEER | {"name": "far", "address": "10.66.0.3"}],
            "timeout": 30.0,
        }
    )
    assert isinstance(thing, WireguardPeers)
    return thing


def test_peers_that_answer_are_all_that_is_wanted(answers: Answers) -> None:
    answers.there = {"10.66.0.2", "10.66.0.3"}
    assert peers().differs(peers().observe()) == []


def test_a_silent_peer_differs_and_is_waited_for(answers: Answers, tools: Tools) -> None:
    answers.there = {"10.66.0.2"}
    state = peers().observe()
    assert peers().differs(state) == ["far does not answer"]
    assert peers().effects(state) == ["wait for far"]
    answers.there.add("10.66.0.3")
    peers().apply(state)
    assert answers.limits == [1.0, 30.0]
    assert tools.calls == []


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ("", 1, "data: there is no interface dhanman here; is wg-quick@dhanman.service running?"),
        ("", 0, "data: it is no peer of the interface that runs"),
        ("data-public\t0\n", 0, "data: no handshake with 192.0.2.20:51820"),
        ("data-public\tNOW\n", 0, "and yet no echo from 10.66.0.2: is ICMP filtered?"),
    ],
)
@pytest.mark.usefixtures("answers")
def test_why_a_peer_is_silent_is_told_as_far_as_this_host_knows(
    tools: Tools, said: str, status: int, reason: str
) -> None:
    tools.answer(
        "wg show dhanman latest-handshakes", said.replace("NOW", str(int(time.time()))), status=status
    )
    thing = build({"kind": "wireguard_peers", "name": "dhanman", "peers": [PEER], "timeout": 0.1})
    silent: State = {"silent": ["data"]}
    with pytest.raises(
        HostError, match="not within 0 s: data answering through the tunnel dhanman"
    ) as failed:
        thing.apply(silent)
    assert reason in failed.value.details
