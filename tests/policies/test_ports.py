"""The rule for ports of servers that keep data."""

from __future__ import annotations

import pytest

from policies import Resource
from policies.rules.ports import no_internal_port_is_public
from tests.policies.making import breaches, broken, unit

FIREWALL = "/etc/dhanman/firewall.nft"
RULES = """
table inet dhanman {
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state vmap { established : accept, related : accept, invalid : drop }
        icmpv6 type { echo-request, nd-router-advert } accept
        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
        # tcp dport 5432 accept
        tcp dport 22 accept
        tcp dport { 80, 443 } accept
        %s
    }
}
"""
PRIVATE = "ip saddr 10.0.0.0/8 tcp dport { 5432, 5672, 9000, 15672 } accept"
HBA = "/etc/postgresql/18/main/dhanman_hba.conf"


def firewall(line: str = PRIVATE, rules: str = RULES) -> Resource:
    thing = {"kind": "firewall", "path": FIREWALL, "table": "dhanman"}
    return unit(thing, of="host:Host", name="access", files={FIREWALL: rules % line})


def servers() -> list[Resource]:
    broker = "listeners.tcp.default = 5672\nmanagement.tcp.port = 15672\nprometheus.tcp.ip = 127.0.0.1\n"
    return [
        unit({"kind": "postgres_settings", "port": 5432}, of="postgres:PostgresServer", name="postgres"),
        unit(of="rabbitmq:Rabbitmq", name="rabbitmq", files={"/etc/rabbitmq/rabbitmq.conf": broker}),
        unit({"kind": "object_bucket", "name": "prod-a", "server": {"port": 9000}}, name="objects"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        PRIVATE,
        "ip6 saddr fd00::/8 tcp dport 5432 accept",
        'iifname "wg0" tcp dport { 5432, 5672 } accept',
        "ip saddr { 10.0.0.0/8, 192.168.1.0/24 } tcp dport 5432 accept",
        "tcp dport 8443 accept",
    ],
)
def test_private_networks_may_reach_them(line: str) -> None:
    assert breaches(no_internal_port_is_public, firewall(line), *servers()) == []


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("tcp dport 5432 accept", "5432"),
        ("tcp dport { 443, 5672 } accept", "5672"),
        ("tcp dport 9000-9100 accept", "9000"),
        ("ip saddr 0.0.0.0/0 tcp dport 5432 accept", "5432"),
        ("ip saddr { 10.0.0.0/8, 8.8.8.0/24 } tcp dport 15672 accept", "15672"),
        ("tcp dport 25672 accept comment", "25672"),
        ("accept", "4369, 5432"),
    ],
)
def test_a_port_that_others_reach_is_named(line: str, port: str) -> None:
    breach = broken(no_internal_port_is_public, firewall(line.removesuffix(" comment")), *servers())
    assert f"opens {port}" in breach.wrong


def test_a_firewall_that_accepts_by_itself_is_named() -> None:
    rules = RULES.replace("policy drop", "policy accept")
    assert "drop" in broken(no_internal_port_is_public, firewall(rules=rules), *servers()).wrong


def test_a_host_without_a_firewall_is_named() -> None:
    assert len(breaches(no_internal_port_is_public, *servers())) == 3


def hba(line: str) -> Resource:
    return unit(of="postgres:PostgresServer", files={HBA: f"local all postgres peer\n{line}\n"})


@pytest.mark.parametrize(
    "line",
    [
        "host all all 10.0.0.0/8 scram-sha-256",
        "host all postgres all reject",
        "hostssl all all ::1/128 scram-sha-256",
    ],
)
def test_private_networks_may_log_in_with_a_password(line: str) -> None:
    assert breaches(no_internal_port_is_public, hba(line)) == []


@pytest.mark.parametrize(
    "line",
    [
        "host all all 0.0.0.0/0 scram-sha-256",
        "host all all all scram-sha-256",
        "host all all 10.0.0.0/8 trust",
        "host all all 10.0.0.0/8 password",
        "local all all trust",
    ],
)
def test_others_may_not_and_nobody_without_one(line: str) -> None:
    assert HBA in broken(no_internal_port_is_public, hba(line)).wrong
