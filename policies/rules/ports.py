"""The rule for what may be reached from where."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

from policies.resource import Resource, Unit
from policies.stack import Breach, Stack

_BROKER = "/etc/rabbitmq/rabbitmq.conf"
_ERLANG = (4369, 25672)
"""epmd and the distribution between nodes: whoever reaches them runs code in the broker."""
_BROKER_PORT = re.compile(
    r"(?m)^\s*(?:listeners\.\w+\.\S+|(?:management|prometheus)\.\w+\.port)\s*=\s*(?:\S*:)?(\d+)\s*$"
)
_ACCEPT = re.compile(r"(?m)^\s*(?!#)(?P<match>[^#\n]*?)\baccept\s*(?:#.*)?$")
_PORTS = re.compile(r"\b(?:tcp|th) dport (\{[^}]*\}|\S+)")
_SOURCE = re.compile(r"\bip6? saddr (!=)?\s*(\{[^}]*\}|\S+)")
_STATES = re.compile(r"\b(ct state|iif(name)? \"?lo|icmp\w*|udp)\b")
_HBA_HOST = re.compile(r"(?m)^\s*host\w*\s+\S+\s+\S+\s+(\S+)\s+(\S+)")
_HBA_LOCAL = re.compile(r"(?m)^\s*local\s+\S+\s+\S+\s+(\S+)")


def no_internal_port_is_public(stack: Stack) -> Iterator[Breach]:
    """PostgreSQL, RabbitMQ and the object storage are reached from private networks alone, and with a password."""
    internal = {port for _, unit in stack.units for port in _internal(unit)}
    guarded = {r.host for r, unit in stack.units if any(unit.of("firewall"))}
    for resource, unit in stack.units:
        if any(_internal(unit)) and resource.host not in guarded:
            do = "give its host the unit access, with a firewall"
            yield Breach(resource=resource, wrong="its ports are behind no firewall", do=do)
        for thing in unit.of("firewall"):
            rules = unit.files.get(str(thing.get("path")), "")
            yield from _firewall(resource, rules, internal)
        for path, text in unit.files.items():
            if path.endswith("hba.conf"):
                yield from _hba(resource, path, text)


def _internal(unit: Unit) -> Iterator[int]:
    """The ports of servers that keep data, as the unit sets them."""
    for thing in unit.of("postgres_settings", "postgres_database"):
        yield int(thing["port"])
    for thing in unit.of("object_key", "object_bucket"):
        server: Mapping[str, object] = thing["server"]
        yield int(str(server["port"]))
    if _BROKER in unit.files:
        yield from _ERLANG
        yield from (int(port) for port in _BROKER_PORT.findall(unit.files[_BROKER]))


def _firewall(resource: Resource, rules: str, internal: set[int]) -> Iterator[Breach]:
    do = "leave it to network.privateRanges, with private networks in it"
    if not re.search(r"hook input[^\n]*policy drop", rules):
        yield Breach(
            resource=resource, wrong="the firewall does not drop what no rule accepts", do="set policy drop"
        )
    for found in _ACCEPT.finditer(rules):
        match = found["match"]
        ports = _PORTS.search(match)
        if _STATES.search(match) and not ports:
            continue
        source = _SOURCE.search(match)
        open_to = _public(source[2]) if source and not source[1] else _anybody(match)
        reached = sorted(port for port in internal if ports is None or _holds(ports[1], port))
        if open_to and reached:
            listed = ", ".join(map(str, reached))
            yield Breach(resource=resource, wrong=f"the firewall opens {listed} to {open_to}", do=do)


def _anybody(match: str) -> str:
    # another interface than loopback may be a private one: a tunnel or a network of the provider
    return "" if re.search(r"\biif(name)?\b", match) else "anybody"


def _public(networks: str) -> str:
    """The first of the networks that is not private, or nothing."""
    for text in networks.strip("{}").replace(",", " ").split():
        if text.startswith(("@", "$")):
            continue
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return text
        if not network.is_private or network.prefixlen == 0:
            return text
    return ""


def _holds(ports: str, port: int) -> bool:
    for text in ports.strip("{}").replace(",", " ").split():
        first, _, last = text.partition("-")
        if first.isdecimal() and int(first) <= port <= int(last or first):
            return True
    return False


def _hba(resource: Resource, path: str, text: str) -> Iterator[Breach]:
    for address, method in _HBA_HOST.findall(text):
        if method in ("trust", "password"):
            do = "use scram-sha-256"
            yield Breach(resource=resource, wrong=f"{path} lets {address} in by {method}", do=do)
        elif (
            method != "reject"
            and address != "samehost"
            and _public("0.0.0.0/0" if address == "all" else address)
        ):
            do = "name private networks (network.privateRanges)"
            yield Breach(resource=resource, wrong=f"{path} lets {address} in", do=do)
    if "trust" in _HBA_LOCAL.findall(text):
        yield Breach(resource=resource, wrong=f"{path} trusts every user of the host", do="use peer")
