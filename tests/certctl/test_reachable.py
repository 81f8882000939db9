from __future__ import annotations

import time
from dataclasses import replace

import pytest

from certctl import dns, reachable
from certctl.config import Config
from certctl.errors import Failure


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachable, "own_addresses", lambda: {"2001:db8::1"})
    monkeypatch.setattr(reachable, "PAUSE", 0.01)


def asked(config: Config, answers: dict[str, list[list[str]]], limit: float = 0.2) -> list[str]:
    """Wait for all names with answers that change; the names as they were asked for."""
    calls: list[str] = []

    def resolve(domain: str) -> list[str]:
        calls.append(domain)
        left = answers[domain]
        return left.pop(0) if len(left) > 1 else left[0]

    patient = replace(config, dns_timeout=limit)
    reachable.wait(patient, answers, time.monotonic() + limit, resolve)
    return calls


def test_names_that_lead_here_need_one_question_in_any_spelling_of_the_address(config: Config) -> None:
    answers = {"a.example": [["192.0.2.10"]], "b.example": [["192.0.2.10", "2001:0db8:0::0001"]]}
    assert asked(config, answers) == ["a.example", "b.example"]


def test_only_what_is_wrong_is_asked_again_until_it_is_right(config: Config) -> None:
    answers: dict[str, list[list[str]]] = {
        "a.example": [["192.0.2.10"]],
        "b.example": [[], ["198.51.100.1"], ["192.0.2.10"]],
    }
    assert asked(config, answers) == ["a.example", "b.example", "b.example", "b.example"]


def test_after_the_time_limit_it_says_what_was_answered_and_what_was_wanted(config: Config) -> None:
    answers: dict[str, list[list[str]]] = {"a.example": [["198.51.100.1"]], "b.example": [[]]}
    with pytest.raises(Failure) as failure:
        asked(config, answers, 0.05)
    assert failure.value.what == (
        "DNS answers 198.51.100.1 for a.example, and this host is 192.0.2.10, 2001:db8::1;"
        " DNS knows no address of b.example"
    )
    assert "correct the record" in failure.value.next_step


def test_one_wrong_address_among_right_ones_is_wrong(config: Config) -> None:
    with pytest.raises(Failure, match=r"DNS answers 2001:db8::bad for a\.example"):
        asked(config, {"a.example": [["192.0.2.10", "2001:db8::bad"]]}, 0.01)


def test_behind_a_proxy_any_address_will_do_but_none_will_not(config: Config) -> None:
    proxied = replace(config, addresses=())
    assert asked(proxied, {"a.example": [["203.0.113.77"]]}) == ["a.example"]
    with pytest.raises(Failure, match="knows no address"):
        asked(proxied, {"a.example": [[]]}, 0.01)


def test_a_resolver_that_does_not_answer_is_told_as_such(config: Config) -> None:
    def silent(_domain: str) -> list[str]:
        raise dns.NoAnswer("192.0.2.53: timed out")

    with pytest.raises(Failure, match=r"can't be asked for a\.example \(192\.0\.2\.53: timed out\)"):
        reachable.wait(replace(config, dns_timeout=1), ["a.example"], 0, silent)


@pytest.mark.parametrize("change", [{"dns_timeout": 0}, {"challenge": "dns-01", "dns_timeout": 5}])
def test_dns_is_not_looked_at_where_it_does_not_matter(config: Config, change: dict[str, object]) -> None:
    def never(_domain: str) -> list[str]:
        raise AssertionError

    reachable.wait(replace(config, **change), ["a.example"], 0, never)  # type: ignore[arg-type]  # any field
