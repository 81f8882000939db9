from __future__ import annotations

import json

import pytest

from components.certificate.pebble import plan
from components.unit import File, LocalCertificate


def contents(address: str = "192.0.2.1") -> dict[str, str]:
    unit = plan.pebble_unit("local", address)
    return {thing.path: thing.content for thing in unit.things if isinstance(thing, File)}


def test_pebble_is_on_loopback_alone_and_looks_where_nginx_is() -> None:
    found = json.loads(contents()["/etc/dhanman/pebble/pebble.json"])["pebble"]
    assert (found["listenAddress"], found["managementListenAddress"]) == (
        "127.0.0.1:14000",
        "127.0.0.1:15000",
    )
    assert (found["httpPort"], found["tlsPort"]) == (80, 443)
    assert plan.DIRECTORY == "https://localhost:14000/dir"


def test_every_name_leads_to_the_host() -> None:
    command = contents()["/etc/systemd/system/dhanman-pebble-dns-local.service"]
    assert '-defaultIPv4 "192.0.2.1" -defaultIPv6 ""' in command
    command = contents("2001:db8::1")["/etc/systemd/system/dhanman-pebble-dns-local.service"]
    assert '-defaultIPv4 "" -defaultIPv6 "2001:db8::1"' in command


def test_the_ca_that_vouches_for_pebble_is_made_on_the_host() -> None:
    (made,) = [
        thing
        for thing in plan.pebble_unit("local", "192.0.2.1").things
        if isinstance(thing, LocalCertificate)
    ]
    assert (made.domain, f"{made.directory}/ca.crt") == ("localhost", plan.AUTHORITY)


@pytest.mark.parametrize("word", ["PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "DynamicUser=yes"])
def test_it_looks_each_time_without_waiting_and_is_nobody(word: str) -> None:
    assert word in contents()["/etc/systemd/system/dhanman-pebble-local.service"]
