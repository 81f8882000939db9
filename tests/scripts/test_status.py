"""`make status`: the table, and when it ends with 1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.remote.session import Answer, Unreachable
from scripts.status import age, row, told

SERVICE: dict[str, Any] = {
    "service": "dhanman-sales-qa", "version": "1.2", "wanted": "1.2", "serving": "blue", "since": 1000,
    "memory": 300 * 2**20, "health": "ready",
    "last": {"at": "2026-01-02T03:04:05+00:00", "who": "deploy from 192.0.2.1", "from": "1.1", "to": "1.2",
             "result": "serves", "seconds": 2.5},
}  # fmt: skip


def answer(*services: dict[str, Any]) -> Answer:
    return Answer(status=0, out=json.dumps(services), err="", user="deploy")


def test_a_service_is_one_line() -> None:
    assert row(SERVICE, 1090.0) == (
        "dhanman-sales-qa", "1.2", "blue", "1 min", "300 MiB", "ready",
        "2026-01-02T03:04:05+00:00 deploy from 192.0.2.1: 1.1 -> 1.2 serves in 2.5 s",
    )  # fmt: skip


def test_another_version_than_the_wanted_one_says_so() -> None:
    assert row(SERVICE | {"wanted": "1.3"}, 1090.0)[1] == "1.2 (wanted: 1.3)"


def test_what_is_not_known_is_a_dash() -> None:
    nothing = {"service": "a", "serving": None, "health": "nothing serves", "last": None}
    assert row(nothing, 0) == ("a", "-", "-", "-", "-", "nothing serves", "-")


@pytest.mark.parametrize(
    ("seconds", "words"), [(9, "9 s"), (125, "2 min"), (7500, "2 h 5 min"), (360000, "4 d 4 h")]
)
def test_an_age_is_as_people_say_it(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_ready_services_end_with_0_and_any_other_with_1() -> None:
    assert told({"one": answer(SERVICE)}, 1090.0)[1] == 0
    assert told({"one": answer(SERVICE, SERVICE | {"health": "status 503"})}, 1090.0)[1] == 1


def test_a_host_that_does_not_answer_is_named_and_ends_with_1() -> None:
    text, status = told({"one": answer(SERVICE), "two": Unreachable(reason="no answer within 5 s")}, 1090.0)
    assert status == 1
    assert text.splitlines()[0] == "two: no answer within 5 s"


def test_a_stack_without_services_says_so() -> None:
    assert told({"one": answer()}, 0) == ("no service was deployed yet", 0)
