"""Two hosts with a tunnel between them: what passes through it, and how it is changed, broken, repaired and removed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import testbed
from components.settings.raw import merge
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.template import SUITE
from tests.acceptance.world import STACK, World

pytestmark = [pytest.mark.host, pytest.mark.slow]

NEAR, FAR, RANGE = "10.66.0.1", "10.66.0.2", "10.66.0.0/24"
UNIT = "wg-quick@dhanman.service"

# sends one request in plain text and counts what leaves and comes by the network card meanwhile
TALK = """
import json, socket, sys
address, port = sys.argv[1], int(sys.argv[2])
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.bind(("eth0", 0))
connection = socket.create_connection((address, port), 10)
connection.sendall(b"GET /in-plain-text HTTP/1.0\\r\\n\\r\\n")
connection.settimeout(10)
try:
    connection.recv(4096)
except ConnectionResetError:
    pass  # PostgreSQL does not read such a request to its end
tap.setblocking(False)
frames = []
try:
    while True:
        frames.append(tap.recv(65535))
except BlockingIOError:
    pass
udp = [f for f in frames if f[12:14] == b"\\x08\\x00" and f[23] == 17 and f[36:38] == (51820).to_bytes(2, "big")]
print(json.dumps({"plain": sum(b"in-plain-text" in f for f in frames), "tunnel": len(udp)}))
"""

# a connection to PostgreSQL that is idle until a line comes, and then asks for TLS
HOLD = """
import socket, struct, sys
connection = socket.create_connection((sys.argv[1], 5432), 10)
connection.settimeout(10)
print("connected", flush=True)
sys.stdin.readline()
connection.sendall(struct.pack("!II", 8, 80877103))
print(connection.recv(1).decode(), flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """``world``: the environment, all of whose roles are on its own host. ``far``: another host of it."""

    world: World
    far: testbed.Host

    def settings(self, **changes: Any) -> dict[str, Any]:
        far = {
            "address": self.far.address,
            "port": self.far.port,
            "hostKey": self.far.host_key,
            "memory": "1GiB",
            "cores": 1,
            "privateAddress": FAR,
        }
        base = {
            "hosts": {"local": {"privateAddress": NEAR}, "far": far},
            "network": {"privateRanges": [], "wireguard": {"range": RANGE}},
        }
        return dict(merge(base, changes))

    def up(self, *, check: bool = True, **changes: Any) -> str:
        self.world.configure(self.settings(**changes))
        return self.world.up(check=check)

    def talk(self, address: str, port: int) -> dict[str, int]:
        """What a request in plain text from the far host is on the wire."""
        said: dict[str, int] = json.loads(self.far.run(["python3", "-c", TALK, address, str(port)]).stdout)
        return said

    def transferred(self) -> int:
        """Bytes that the near host has received through the tunnel."""
        return int(self.world.run("wg show dhanman transfer").split()[1])

    def public_key(self) -> str:
        return self.world.run("wg show dhanman public-key").strip()

    def started(self) -> list[str]:
        """When the interface's unit was started on each host, and its process there."""
        ask = f"systemctl show --value --property=ActiveEnterTimestampMonotonic {UNIT}; pgrep -x wireguard-go || true"
        return [self.world.run(ask), self.far.run(ask).stdout]


@pytest.fixture(scope="module")
def joined(converged_world: ConvergedWorld) -> Iterator[Joined]:
    near = converged_world("tunnel")
    with testbed.up("tunnel-far", suite=SUITE) as far:
        made = Joined(world=near, far=far)
        made.up()
        yield made


def test_what_the_hosts_say_to_each_other_passes_through_the_tunnel_alone(joined: Joined) -> None:
    before = joined.transferred()
    assert joined.talk(joined.world.host.address, 80)["plain"] > 0, (
        "the control: beside the tunnel it is seen"
    )
    seen = joined.talk(NEAR, 5432)
    assert (seen["plain"], seen["tunnel"] > 4) == (0, True)
    assert joined.transferred() > before + 400
    assert joined.far.run("ip -brief address show dev dhanman").stdout.split()[2] == f"{FAR}/24"


def test_beside_the_tunnel_internal_ports_are_closed(joined: Joined) -> None:
    # whoever claims to have an address of the tunnel, and is not in it
    closed = joined.far.run(
        f"timeout 3 bash -c '</dev/tcp/{joined.world.host.address}/5432' && echo open || echo closed"
    )
    assert closed.stdout.strip() == "closed"


def test_keys_are_readable_by_root_alone_and_in_nothing_that_was_said(joined: Joined) -> None:
    for run in (joined.world.run, lambda command: joined.far.run(command).stdout):
        assert run("stat -c '%a %U' /etc/wireguard/dhanman.conf").split() == ["600", "root"]
        key = run("wg show dhanman private-key").strip()
        assert len(key) == 44
        assert not [said for said in joined.world.outputs if key in said]
        assert run(f"grep -rl '{key}' /var/lib/dhanman /etc --exclude-dir=wireguard || true") == ""


def test_the_tunnel_s_process_is_kept_from_what_it_does_not_need(joined: Joined) -> None:
    assert joined.world.exposure(UNIT) <= 4.0


def test_a_second_up_changes_nothing(joined: Joined) -> None:
    assert joined.world.preview() == []
    before = joined.started()
    assert "unchanged" in joined.up()
    assert joined.started() == before


def test_other_settings_are_a_reload_and_connections_go_on(joined: Joined) -> None:
    before = joined.started()
    command = [*joined.far.ssh_command(), f"python3 -c '{HOLD}' {NEAR}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin and held.stdout
        assert held.stdout.readline() == "connected\n"
        said = joined.up(network={"wireguard": {"keepalive": 25}})
        assert f"reload {UNIT}" in said
        held.stdin.write("go on\n")
        held.stdin.flush()
        assert held.stdout.readline() in ("S\n", "N\n"), "the connection of before the reload still serves"
    assert joined.started() == before
    assert joined.world.run("wg show dhanman persistent-keepalive").split()[1] == "25"
    joined.up()


def test_a_peer_that_was_taken_out_by_hand_is_noticed_and_comes_back(joined: Joined) -> None:
    peer = joined.world.run("wg show dhanman peers").strip()
    joined.world.run(f"wg set dhanman peer {peer} remove")
    found = joined.world.drift()
    assert "wireguard_interface:dhanman: far is missing" in found
    joined.up()
    assert joined.world.drift() == []
    assert joined.talk(NEAR, 5432)["tunnel"] > 0


def test_a_tunnel_that_nothing_passes_through_fails_the_run_with_the_reason(joined: Joined) -> None:
    block = (
        "table inet provider { chain input { type filter hook input priority -200; udp dport 51820 drop; }; }"
    )
    joined.far.run(f"nft '{block}'")
    try:
        said = joined.up(check=False)
    finally:
        joined.far.run("nft delete table inet provider")
    assert "not within 30 s: far answering through the tunnel dhanman" in said
    assert f"{joined.far.address}:51820" in said or "no echo from" in said
    joined.up()
    assert joined.world.drift() == []


def test_after_a_power_cut_the_tunnel_is_there_again(joined: Joined) -> None:
    joined.far.reboot()
    joined.up()
    assert joined.far.run(f"systemctl is-active {UNIT}").stdout.strip() == "active"
    assert joined.talk(NEAR, 5432)["tunnel"] > 0


def test_a_rotation_gives_every_host_a_new_key(joined: Joined) -> None:
    before = joined.public_key()
    said = joined.up(rotation={"wireguard": 1})
    assert "wireguard" in said
    assert joined.public_key() != before
    assert joined.talk(NEAR, 5432)["tunnel"] > 0
    rotated = json.loads(joined.world.pulumi("stack", "output", "--json", "--stack", STACK).stdout)[
        "rotation"
    ]
    assert rotated["wireguard"] == 1


def test_without_the_setting_nothing_of_it_is_left(joined: Joined) -> None:
    joined.world.configure({})
    joined.world.up()
    leftovers = (
        "ls -d /etc/wireguard /etc/systemd/system/wg-quick@* 2>/dev/null; "
        "dpkg-query --show --showformat='${db:Status-Status}\\n' wireguard-tools wireguard-go 2>/dev/null"
        " | grep -x installed; ip -brief link show dev dhanman 2>/dev/null; pgrep wireguard-go; "
        'ls /etc/systemd/system/*/wg-quick@* 2>/dev/null; nft list ruleset | grep -e 51820 -e dhanman\\"; true'
    )
    assert joined.world.run(leftovers) == ""
    assert joined.far.run(leftovers).stdout == ""
    assert joined.far.run("ls -d /etc/dhanman 2>/dev/null; true").stdout == ""
    assert joined.world.preview() == []
