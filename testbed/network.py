"""The clone's bridge with its subnet and address translation, and each host's network namespace on it.

The subnet is 10.77.N.0/24, the first that no route of this machine and no other clone uses. Two registries
say so: ``network.json`` in the clone's state, and ``subnets.json`` in the shared cache.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path

from testbed.errors import TestbedError
from testbed.paths import Clone, cache_dir
from testbed.process import locked, missing, run
from testbed.state import HostRecord, all_hosts

FIRST_HOST = 11
LAST_HOST = 250


def subnet(clone: Clone) -> ipaddress.IPv4Network:
    """The clone's subnet, chosen at the first call."""
    record = clone.state / "network.json"
    if record.exists():
        return ipaddress.IPv4Network(json.loads(record.read_text())["subnet"])
    registry = cache_dir() / "subnets.json"
    with locked(registry.with_suffix(".lock")):
        claims: dict[str, str] = json.loads(registry.read_text()) if registry.exists() else {}
        claims = {state: net for state, net in claims.items() if Path(state).is_dir()}
        taken = [ipaddress.IPv4Network(net) for state, net in claims.items() if state != str(clone.state)]
        chosen = choose_subnet([*taken, *_routed()])
        claims[str(clone.state)] = str(chosen)
        registry.write_text(json.dumps(claims, indent=2) + "\n")
    record.write_text(json.dumps({"subnet": str(chosen)}) + "\n")
    return chosen


def choose_subnet(taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """The first 10.77.N.0/24 that overlaps none of ``taken``."""
    used = list(taken)
    for candidate in ipaddress.IPv4Network("10.77.0.0/16").subnets(new_prefix=24):
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise TestbedError("each subnet of 10.77.0.0/16 is in use on this machine: free one")


def machine_address(clone: Clone) -> str:
    """This machine's own address on the bridge."""
    return str(subnet(clone)[1])


def choose_address(net: ipaddress.IPv4Network, taken: Iterable[str], wanted: str | None) -> str:
    """``wanted`` if it is free and in the subnet, else the first free address for a host."""
    used = set(taken)
    if wanted is not None:
        try:
            address = ipaddress.IPv4Address(wanted)
        except ValueError as error:
            raise TestbedError(f"'{wanted}' is no IPv4 address") from error
        if address not in net or address in (net[0], net[1], net[-1]):
            raise TestbedError(f"{wanted} is no address for a host here: choose from {net[2]} to {net[-2]}")
        if wanted in used:
            raise TestbedError(f"another host has {wanted}: leave --address out to get a free one")
        return wanted
    for number in range(FIRST_HOST, LAST_HOST + 1):
        if str(net[number]) not in used:
            return str(net[number])
    raise TestbedError(f"each host address of {net} is taken: python3 -m testbed gc")


def ensure_bridge(clone: Clone) -> None:
    """Make the bridge and the address translation, unless they are there.

    Only what leaves through the uplink is translated: with CONFIG_BRIDGE_NETFILTER frames between two hosts
    pass the same hook.
    """
    if _has_link(clone.bridge):
        return
    net = subnet(clone)
    if any(net.overlaps(other) for other in _routed()):
        raise TestbedError(
            f"this machine now has another route into {net}: python3 -m testbed gc, then start again"
        )
    uplink = uplink_name(run(["ip", "-o", "-4", "route", "show", "default"]).stdout)
    mtu = str(_mtu(uplink))
    bridge = clone.bridge
    run(["ip", "link", "add", bridge, "address", _mac(str(net[1])), "mtu", mtu, "type", "bridge"])
    run(["ip", "address", "add", f"{net[1]}/{net.prefixlen}", "dev", bridge])
    run(["ip", "link", "set", bridge, "up"])
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    if forward.read_text().strip() != "1":
        forward.write_text("1\n")
    run(["nft", "-f", "-"], stdin=translation_rules(clone.nft_table, str(net), uplink))


def remove_bridge(clone: Clone) -> None:
    """Remove the bridge and the address translation, if they are there."""
    run(["ip", "link", "delete", clone.bridge], check=False)
    run(["nft", "delete", "table", "ip", clone.nft_table], check=False)


def translation_rules(table: str, net: str, uplink: str | None) -> str:
    """The nftables script that translates the hosts' addresses on the uplink (none without one)."""
    rule = f'    ip saddr {net} oifname "{uplink}" masquerade\n' if uplink else ""
    return (
        f"table ip {table}\ndelete table ip {table}\ntable ip {table} {{\n  chain postrouting {{\n"
        f"    type nat hook postrouting priority srcnat\n{rule}  }}\n}}\n"
    )


def uplink_name(default_routes: str) -> str | None:
    """The device of the first default route in the output of ``ip -o -4 route show default``."""
    words = default_routes.split("\n", 1)[0].split()
    return words[words.index("dev") + 1] if "dev" in words else None


def attach(clone: Clone, record: HostRecord) -> None:
    """Make the host's network namespace with ``eth0`` on the bridge; it outlives the host's own reboots."""
    namespace, link = clone.network_namespace(record.name), clone.link("tv", record.name)
    if has_namespace(namespace):
        return
    gateway = machine_address(clone)
    mtu = str(_mtu(clone.bridge))
    run(["ip", "link", "delete", link], check=False)
    run(["ip", "netns", "add", namespace])
    # a namespace begins with the values of this machine, which forwards for its hosts; a new server does not
    run(["ip", "netns", "exec", namespace, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward"])
    peer = ["peer", "name", "eth0", "mtu", mtu, "address", _mac(record.address), "netns", namespace]
    run(["ip", "link", "add", link, "mtu", mtu, "type", "veth", *peer])
    run(["ip", "link", "set", link, "master", clone.bridge, "up"])
    # a former host with this address had another hardware address
    run(["ip", "neighbour", "flush", "to", record.address, "dev", clone.bridge], check=False)
    run(["ip", "-n", namespace, "link", "set", "lo", "up"])
    run(["ip", "-n", namespace, "address", "add", f"{record.address}/24", "dev", "eth0"])
    run(["ip", "-n", namespace, "link", "set", "eth0", "up"])
    run(["ip", "-n", namespace, "route", "add", "default", "via", gateway])


def detach(clone: Clone, name: str) -> None:
    """Remove a host's network namespace, and with it both ends of its link."""
    run(["ip", "netns", "delete", clone.network_namespace(name)], check=False)
    run(["ip", "link", "delete", clone.link("tv", name)], check=False)


def has_namespace(name: str) -> bool:
    """Whether a named network namespace is there."""
    return Path("/run/netns", name).exists()


def machine_side(cidr: str) -> str:
    """This machine's own address beside a host's second one: the first (or last) of that subnet."""
    interface = ipaddress.IPv4Interface(cidr)
    first = interface.network[1]
    return str(first if interface.ip != first else interface.network[-2])


def check_cidr(cidr: str) -> str:
    """Return the address with its prefix length in the usual form, or raise ``TestbedError``."""
    try:
        interface = ipaddress.IPv4Interface(cidr)
    except ValueError as error:
        raise TestbedError(f"'{cidr}' is no IPv4 address with a prefix length (198.51.100.10/24)") from error
    net = interface.network
    if net.prefixlen > 30 or interface.ip in (net[0], net[-1]):
        raise TestbedError(f"{cidr} leaves no room for this machine: use a host's address with /30 or wider")
    return interface.with_prefixlen


def add_address(clone: Clone, record: HostRecord, cidr: str) -> None:
    """Give a host one more address, and this machine an address and a route to reach it from.

    On this machine both are for one address, never for a subnet: two clones may use the same documentation
    range (RFC 5737) side by side, as long as the hosts' addresses differ.
    """
    address, near = cidr.split("/", maxsplit=1)[0], machine_side(cidr)
    there = json.loads(run(["ip", "-j", "-4", "route", "show", f"{address}/32"]).stdout or "[]")
    if any(route.get("dev") != clone.bridge for route in there):
        raise TestbedError(f"this machine reaches {address} another way (another clone?): choose another")
    namespace = clone.network_namespace(record.name)
    run(["ip", "-n", namespace, "address", "replace", cidr, "dev", "eth0"])
    run(["ip", "address", "replace", f"{near}/32", "dev", clone.bridge])
    run(["ip", "route", "replace", f"{address}/32", "dev", clone.bridge, "src", near])
    run(["ip", "neighbour", "flush", "to", address, "dev", clone.bridge], check=False)


def remove_routes(clone: Clone, record: HostRecord) -> None:
    """Remove this machine's routes to a host's further addresses."""
    for cidr in record.extra_addresses:
        run(["ip", "route", "delete", f"{cidr.split('/')[0]}/32", "dev", clone.bridge], check=False)


def taken_addresses(clone: Clone) -> list[str]:
    """Addresses that hosts of the clone have, running or not."""
    return [record.address for record in all_hosts(clone)]


def _routed() -> list[ipaddress.IPv4Network]:
    if missing(["ip"]):  # a laptop whose engine runs in a virtual machine
        return []
    routes = json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"]).stdout or "[]")
    nets = []
    for route in routes:
        if route.get("dst", "default") != "default":
            nets.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return nets


def _has_link(name: str) -> bool:
    return Path("/sys/class/net", name).exists()


def _mtu(link: str | None) -> int:
    path = Path("/sys/class/net", link or "lo", "mtu")
    return min(int(path.read_text()), 1500) if path.exists() else 1500


def _mac(address: str) -> str:
    # locally administered, and the same for an address each time, so that neighbours need not ask again
    return ":".join(["02", "00", *(f"{int(part):02x}" for part in address.split("."))])
