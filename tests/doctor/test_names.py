"""Whether domains lead to the gateway."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from doctor.names import Addresses, NotResolvedError, is_public, judge_names, resolve, system_resolver
from tests.doctor.sample import UP, levels, lines

GATEWAY = "192.0.2.10"


def judge(answer: Addresses | NotResolvedError, **changes: Any) -> Any:
    options: dict[str, Any] = {"gateway": (GATEWAY,), "proxied": (), "remedy": UP}
    return judge_names({"sales.example.com": answer}, [], **options | changes)


@pytest.mark.parametrize(
    ("answer", "wrong", "said"),
    [
        ((GATEWAY,), set(), GATEWAY),
        (("198.51.100.7",), {"fail dns sales.example.com"}, "leads to 198.51.100.7 and not to 192.0.2.10"),
        ((GATEWAY, "2001:db8::1"), {"warn dns sales.example.com"}, "and also to 2001:db8::1"),
        (NotResolvedError(known=True), {"fail dns sales.example.com"}, "no address for it"),
        (NotResolvedError(known=False), {"warn dns sales.example.com"}, "no DNS server answered"),
    ],
)
def test_a_domain_leads_to_the_gateway_and_nowhere_else(
    answer: Addresses | NotResolvedError, wrong: set[str], said: str
) -> None:
    found = judge(answer)
    assert levels(found) == wrong
    assert said in lines(found)


def test_a_proxied_domain_may_lead_anywhere_but_must_lead_somewhere() -> None:
    assert levels(judge(("104.16.0.1", "104.16.0.2"), proxied={"sales.example.com"})) == set()
    assert levels(judge(NotResolvedError(known=True), proxied={"sales.example.com"})) == {
        "fail dns sales.example.com"
    }


def test_what_puts_a_record_right_is_told() -> None:
    assert judge(NotResolvedError(known=True))[0].remedy == UP


def test_a_domain_leads_to_both_addresses_of_its_host() -> None:
    both = (GATEWAY, "2001:db8::1")
    assert levels(judge(both, gateway=both)) == set()
    assert "and not to 2001:db8::1" in lines(judge((GATEWAY,), gateway=both))


def test_names_that_dns_does_not_know_by_intention_are_one_line() -> None:
    found = judge_names({}, ["a.dhanman.test", "b.dhanman.test"], gateway=(GATEWAY,), proxied=(), remedy=UP)
    assert [(one.level, one.text.split()[0]) for one in found] == [("ok", "2")]
    assert not is_public("sales.dhanman.test")
    assert is_public("sales.example.com")


def test_names_are_asked_for_at_the_same_time_and_each_has_its_answer() -> None:
    together = threading.Barrier(2, timeout=10)

    def resolver(name: str) -> Addresses:
        together.wait()
        if name == "b":
            raise NotResolvedError(known=True)
        return (GATEWAY,)

    found = resolve(["a", "b"], resolver, limit=20)
    assert found["a"] == (GATEWAY,)
    other = found["b"]
    assert isinstance(other, NotResolvedError)
    assert other.known


def test_a_resolver_that_says_nothing_is_not_waited_for() -> None:
    over = threading.Event()

    def resolver(name: str) -> Addresses:
        if name == "slow":
            over.wait(30)
        return (GATEWAY,)

    start = time.monotonic()
    found = resolve(["slow", "quick"], resolver, limit=0.5)
    over.set()
    assert time.monotonic() - start < 10
    assert found["quick"] == (GATEWAY,)
    assert isinstance(found["slow"], NotResolvedError)
    assert not found["slow"].known


def test_the_system_s_resolver_knows_this_machine() -> None:
    assert set(system_resolver("localhost")) <= {"127.0.0.1", "::1"}
