"""Which ports are open, and whether they should be."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.settings import load
from doctor.findings import Finding
from doctor.listeners import Listener
from doctor.ports import CONTROL, Ports, connect, is_inside, judge_ports, ports_of, to_try
from doctor.waiting import run
from tests.components.settings.example import HOST_KEY, changed
from tests.doctor.sample import UP, facts, levels, lines

PORTS = Ports(
    address="10.1.0.2", ssh=22, public=(80, 443), private=(5432, 5672, 15672), ranges=("10.0.0.0/8",)
)
HEALTHY: dict[int, str | None] = {
    80: "10.1.0.9",
    443: "10.1.0.9",
    5432: "10.1.0.9",
    5672: None,
    15672: None,
    4369: None,
    CONTROL: None,
}


def judge(changes: Mapping[int, str | None] | None = None) -> list[Finding]:
    return judge_ports("main", PORTS, facts(), {**HEALTHY, **(changes or {})}, UP)


def test_what_is_open_as_declared_and_what_is_closed_is_one_line() -> None:
    (only,) = judge()
    assert only.level == "ok"
    assert only.text == (
        "open as declared: 22, 80, 443, 5432 (from a private address, 10.1.0.9); "
        "closed from here: 4369, 5672, 15672"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {5432: "192.0.2.77"},
            "5432 is open from here (PostgreSQL); only network.privateRanges may reach it",
        ),
        (
            {15672: "192.0.2.77"},
            "15672 is open from here (RabbitMQ's management); only network.privateRanges",
        ),
        ({4369: "10.1.0.9"}, "4369 is open from here (RabbitMQ's port mapper), and nothing declares it"),
        ({8080: "10.1.0.9"}, "8080 is open from here (unknown), and nothing declares it"),
        ({443: None}, "443 is closed from here, and nothing listens there"),
    ],
)
def test_what_is_open_or_closed_against_the_settings_fails_with_its_port(
    changes: dict[int, str | None], said: str
) -> None:
    found = judge(changes)
    assert levels(found) == {"fail main ports"}
    assert said in lines(found)
    assert all(finding.remedy for finding in found if finding.level != "ok")


def test_the_host_names_the_process_behind_an_open_port() -> None:
    said = facts(listeners=(Listener(address="*", port=8080, process="python3"),))
    found = judge_ports("main", PORTS, said, HEALTHY | {8080: "10.1.0.9"}, UP)
    assert "8080 is open from here (python3)" in lines(found)


def test_a_declared_port_that_listens_and_is_closed_points_at_a_firewall() -> None:
    said = facts(listeners=(Listener(address="0.0.0.0", port=443, process="nginx"),))
    found = judge_ports("main", PORTS, said, HEALTHY | {443: None}, UP)
    assert "443 is closed from here, though nginx listens: a firewall is in between" in lines(found)


def test_closed_ports_of_a_host_that_was_never_set_up_are_a_warning() -> None:
    found = judge_ports("main", PORTS, facts(hostctl=None), HEALTHY | {80: None, 443: None}, UP)
    assert levels(found) == {"warn main ports"}


def test_a_proxy_that_answers_on_every_port_is_told_and_no_port_judged() -> None:
    found = judge(dict.fromkeys((CONTROL, 4369, 8080), "10.1.0.9"))
    assert levels(found) == {"warn main ports"}
    assert len(found) == 1


def test_a_host_behind_this_machine_s_own_ports_is_not_tried() -> None:
    ports = Ports(address="127.0.0.1", ssh=2222, public=(80,), private=(), ranges=())
    assert to_try(ports, facts()) == ()
    (only,) = judge_ports("main", ports, facts(), {}, UP)
    assert (only.level, "not tried" in only.text) == ("ok", True)


@pytest.mark.parametrize(
    ("local", "address", "inside"),
    [
        ("10.1.0.9", "10.1.0.2", True),
        ("192.168.1.9", "10.1.0.2", False),
        ("10.1.0.9", "8.8.8.8", False),  # translated on the way: the host saw another address
        ("9.9.9.9", "8.8.8.8", True),
        ("2001:4860::1", "2001:4860::2", False),
    ],
)
def test_private_is_who_comes_out_of_the_ranges_untranslated(local: str, address: str, inside: bool) -> None:
    assert is_inside(local, address, ("10.0.0.0/8", "9.9.9.0/24")) is inside


def test_tried_are_declared_ports_suspects_and_what_listens_but_never_ssh() -> None:
    listeners = (
        Listener(address="0.0.0.0", port=22),
        Listener(address="*", port=8080),
        Listener(address="127.0.0.1", port=9000),
    )
    tried = to_try(PORTS, facts(listeners=listeners))
    assert {80, 443, 5432, 4369, 25672, 8080, CONTROL} <= set(tried)
    assert not {22, 9000} & set(tried)
    assert 5432 in to_try(PORTS, None)


def test_a_host_s_ports_follow_from_its_roles(tmp_path: Path) -> None:
    data = {"address": "192.0.2.20", "port": 2222, "hostKey": HOST_KEY, "memory": "8GiB", "cores": 4}
    changes = {
        "hosts/data": data,
        "roles/postgres": ["data"],
        "roles/rabbitmq": ["data"],
        "roles/backup": ["data"],
    }
    settings = load("qa", changed(changes), project=tmp_path)
    assert (ports_of(settings, "main").public, ports_of(settings, "main").private) == ((80, 443), ())
    other = ports_of(settings, "data")
    assert (other.ssh, other.public, other.private) == (2222, (), (5432, 5672, 15672))


def test_open_ports_give_this_machine_s_address_and_closed_ones_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        pairs = [("127.0.0.1", one.getsockname()[1]) for one in (server, closed)]
        found = run(connect(pairs, limit=5))
    assert list(found.values()) == ["127.0.0.1", None]


def test_a_port_that_says_nothing_is_closed_after_the_limit() -> None:
    # a full backlog drops what comes next, as a firewall does
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        start = time.monotonic()
        found = run(connect([("127.0.0.1", full.getsockname()[1])], limit=0.5))
        assert list(found.values()) == [None]
        assert time.monotonic() - start < 10


def test_the_object_storage_s_port_is_for_the_private_ranges(tmp_path: Path) -> None:
    program = {"url": "https://example.com/versitygw", "sha256": "a" * 64}
    changes = {
        "roles/objectStorage": ["main"],
        "objectStorage": {"version": "1.8.0", "artifact": program, "port": 9001},
    }
    settings = load("qa", changed(changes), project=tmp_path)
    assert ports_of(settings, "main").private == (5432, 5672, 15672, 9001)
