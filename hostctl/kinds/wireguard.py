"""A WireGuard tunnel: the interface that runs, and whether the other hosts answer through it."""

from __future__ import annotations

import json
import time
from typing import Any

from hostctl import echo
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.report import progress
from hostctl.run import run
from hostctl.systemd import tell

LOOK = 1.0
"""Seconds that an observation waits for an echo."""

HANDSHAKE_LASTS = 180
"""Seconds after which a handshake is no more (REJECT_AFTER_TIME of the WireGuard paper, section 6.1)."""

_ABSENT: State = {
    "present": False,
    "public_key": None,
    "port": None,
    "peers": {},
    "addresses": [],
    "mtu": None,
}


class WireguardInterface(Kind):
    """The running interface has the key, port, address and peers that its file names."""

    name = "wireguard_interface"
    phase = Phase.SERVICES

    @property
    def _unit(self) -> str:
        return f"wg-quick@{self.key}.service"

    def observe(self) -> State | None:
        """What ``wg`` and ``ip`` say of it; the private key is not kept."""
        done = run(["wg", "show", self.key, "dump"], check=False)
        if done.returncode != 0 or not done.stdout:
            return dict(_ABSENT)
        (_, public_key, port, _), *peers = (line.split("\t") for line in done.stdout.splitlines())
        shown = run(["ip", "-json", "address", "show", "dev", self.key], check=False).stdout
        link: dict[str, Any] = next(iter(json.loads(shown or "[]")), {})
        return {
            "present": True,
            "public_key": public_key,
            "port": int(port),
            "peers": {
                key: {"allowed": sorted(allowed.split(",")), "keepalive": 0 if alive == "off" else int(alive)}
                for key, _, _, allowed, _, _, _, alive in peers
            },
            "addresses": [
                f"{a['local']}/{a['prefixlen']}" for a in link.get("addr_info", ()) if a["scope"] == "global"
            ],
            "mtu": link.get("mtu"),
        }

    def differs(self, state: State | None) -> list[str]:
        """Key, port, address, MTU and peers; not the way to a peer, which may move."""
        assert state is not None
        if not state["present"]:
            return ["not there"]
        words = ["another key"] if state["public_key"] != self.wanted["public_key"] else []
        if state["port"] != self.wanted["port"]:
            words.append(f"port {state['port']} -> {self.wanted['port']}")
        return words + self._link(state) + self._peers(state)

    def _link(self, state: State) -> list[str]:
        """What a reload does not change."""
        words = []
        if self.wanted["address"] not in state["addresses"]:
            words.append(f"address {', '.join(state['addresses']) or 'none'} -> {self.wanted['address']}")
        if self.wanted["mtu"] is not None and state["mtu"] != self.wanted["mtu"]:
            words.append(f"MTU {state['mtu']} -> {self.wanted['mtu']}")
        return words

    def _peers(self, state: State) -> list[str]:
        words = []
        wanted = {peer["public_key"]: peer for peer in self.wanted["peers"]}
        for key, peer in wanted.items():
            bits = 128 if ":" in peer["address"] else 32
            meant = {"allowed": [f"{peer['address']}/{bits}"], "keepalive": peer["keepalive"]}
            found = state["peers"].get(key)
            if found != meant:
                words.append(f"{peer['name']} is {'missing' if found is None else 'another'}")
        # a public key is no secret, and tells people whose it is
        return words + [f"a peer that nobody wants: {key}" for key in state["peers"] if key not in wanted]

    def apply(self, state: State | None) -> None:
        """Reload, which leaves what passes through alone; restart where that is not enough."""
        assert state is not None
        tell("restart" if not state["present"] or self._link(state) else "reload", self._unit)

    def calls_for(self, state: State | None) -> list[str]:
        """A restart, where a reload is not enough."""
        return self.notify if state is None or not state["present"] or self._link(state) else []

    def restore(self, state: State) -> None:
        """Nothing of its own: its file and its service bring it back, or take it away."""

    def foreign(self, state: State) -> bool:
        """An interface of this name that we did not make."""
        return bool(state["present"])


class WireguardPeers(Kind):
    """The peers answer an echo through the interface. Nothing is made or removed."""

    name = "wireguard_peers"
    phase = Phase.DATA
    rolls_back = False

    def observe(self) -> State | None:
        """Who does not answer."""
        return {"silent": self._silent(LOOK)}

    def _silent(self, limit: float) -> list[str]:
        peers = {peer["address"]: peer["name"] for peer in self.wanted["peers"]}
        there = echo.answering(peers, self.key, limit)
        return sorted(name for address, name in peers.items() if address not in there)

    def differs(self, state: State | None) -> list[str]:
        """Who does not answer."""
        assert state is not None
        return [f"{name} does not answer" for name in state["silent"]]

    def effects(self, state: State | None) -> list[str]:
        """What it waits for."""
        return [f"wait for {', '.join(state['silent'])}"] if state and state["silent"] else []

    def apply(self, state: State | None) -> None:
        """Wait until all of them answer; say why one does not, as far as this host knows."""
        assert state is not None
        limit = float(self.wanted["timeout"])
        progress(f"  waiting for {', '.join(state['silent'])} to answer through {self.key}")
        if silent := self._silent(limit):
            lacking = [peer for peer in self.wanted["peers"] if peer["name"] in silent]
            raise HostError(
                f"not within {limit:.0f} s: {', '.join(silent)} answering through the tunnel {self.key}",
                details="\n".join(f"    {self._reason(peer)}" for peer in lacking),
                hint="see to the reason, then pulumi up; `wg show` on both hosts tells what each of them sees",
            )

    def _reason(self, peer: dict[str, Any]) -> str:
        name, endpoint = peer["name"], peer["endpoint"]
        said = run(["wg", "show", self.key, "latest-handshakes"], check=False)
        if said.returncode != 0:
            return f"{name}: there is no interface {self.key} here; is wg-quick@{self.key}.service running?"
        last = dict(line.split("\t") for line in said.stdout.splitlines()).get(peer["public_key"])
        if last is None:
            return f"{name}: it is no peer of the interface that runs; somebody changed it by hand"
        age = time.time() - int(last)
        if age < HANDSHAKE_LASTS:
            return f"{name}: a handshake {age:.0f} s ago, and yet no echo from {peer['address']}: is ICMP filtered?"
        return (
            f"{name}: no handshake with {endpoint}: that host is down, has another key, or UDP does not pass; "
            "look at the provider's firewall on both sides"
        )

    def restore(self, state: State) -> None:
        """Nothing was changed."""
