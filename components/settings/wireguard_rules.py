"""What must hold for the tunnel between hosts."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from components.settings.finding import Finding, Rule
from components.settings.model import StackFile
from components.settings.problems import Path

SECTION: Path = ("network", "wireguard")
RANGE: Path = (*SECTION, "range")


def a_tunnel_has_two_ends(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A tunnel is between hosts."""
    if file.network.wireguard and len(file.hosts) < 2:
        text = "has no use with one host; take it out, or add the others"
        yield Finding(SECTION, text, (("hosts",),))


def every_host_has_an_address_in_the_tunnel(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Each host is reached by the others through the tunnel, so each has an address in it."""
    tunnel = file.network.wireguard
    if tunnel is None or len(file.hosts) < 2:
        return
    network = ip_network(tunnel.range)
    for name, host in file.hosts.items():
        path = ("hosts", name, "privateAddress")
        if host.private_address is None:
            text = f"is missing: with network/wireguard each host needs an address in {tunnel.range}"
            yield Finding(path, text, (SECTION,))
            continue
        address = ip_address(host.private_address)
        if address not in network:
            text = f"{address} is not in {tunnel.range}, network/wireguard/range, whose address it is"
            yield Finding(path, text, (RANGE,))
        elif network.num_addresses > 2 and address in (network[0], network[-1]):
            yield Finding(path, f"{address} is the first or the last of {tunnel.range}, no host's", (RANGE,))


def the_tunnel_has_a_network_of_its_own(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Nothing but the tunnel leads to its range: neither another private network nor the hosts' own addresses."""
    tunnel = file.network.wireguard
    if tunnel is None:
        return
    network = ip_network(tunnel.range)
    if not network.is_private:
        yield Finding(RANGE, f"{tunnel.range} is not private; choose one such as 10.66.0.0/24")
    for position, other in enumerate(file.network.private_ranges):
        if network.overlaps(ip_network(other)):
            text = (
                f"{other} overlaps {tunnel.range}, network/wireguard/range, and would let such addresses in beside "
                "the tunnel; name other private networks alone, or none"
            )
            yield Finding(("network", "privateRanges", str(position)), text, (RANGE,))
    for name, host in file.hosts.items():
        for key, address in (("address", host.address), ("ipv6Address", host.ipv6_address)):
            if address and ip_address(address) in network:
                text = (
                    f"{address} is in network/wireguard/range: the tunnel would have to pass through itself"
                )
                yield Finding(("hosts", name, key), text, (RANGE,))


WIREGUARD_RULES: tuple[Rule, ...] = (
    a_tunnel_has_two_ends,
    every_host_has_an_address_in_the_tunnel,
    the_tunnel_has_a_network_of_its_own,
)
