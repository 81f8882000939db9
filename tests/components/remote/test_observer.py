"""Looking at hosts, and telling what will change: with hosts that answer what the test says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.remote import HostUnit, Observer
from components.remote.observation import FORMAT, document_digest
from components.remote.session import Answer, Question, Sessions, Unreachable
from components.unit import File, Unit
from tests.components.recording import record, target

UNIT = Unit(name="base", things=(File(path="/etc/a", content="text"),))
Reply = Callable[[Question], Answer | Unreachable]


def answer(value: Any, status: int = 0, err: str = "") -> Answer:
    out = value if isinstance(value, str) else json.dumps(value)
    return Answer(status=status, out=out, err=err, user="deploy")


def looks(**units: dict[str, Any]) -> Answer:
    return answer({"format": FORMAT, "program": "p", "place": "here", "units": units})


def state(*differences: str, document: str = "") -> dict[str, Any]:
    return {"differences": list(differences), "generation": 1, "document": document}


class Hosts:
    """Sessions to hosts that are functions."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies
        self.asked: list[tuple[str, Question]] = []
        self.closed = False

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.replies)

    def ask(self, questions: Mapping[str, Question]) -> dict[str, Answer | Unreachable]:
        self.asked += questions.items()
        return {host: self.replies[host](question) for host, question in questions.items()}

    def close(self) -> None:
        self.closed = True


def observer(hosts: Hosts) -> Observer:
    return Observer(cast("Sessions", hosts))


def test_every_host_is_asked_once_and_its_drift_is_known() -> None:
    hosts = Hosts(one=lambda _: looks(base=state("file:/etc/a: content")), two=lambda _: looks(base=state()))
    seen = observer(hosts)
    assert [host for host, _ in hosts.asked] == ["one", "two"]
    drift = seen.watch("one").drift("base")
    assert drift
    assert drift.differences == ("file:/etc/a: content",)
    assert seen.watch("two").drift("base") is None
    assert seen.unreachable == {}


def test_a_host_that_can_not_be_asked_has_no_drift_and_a_reason() -> None:
    seen = observer(Hosts(one=lambda _: Unreachable(reason="no answer within 5 s")))
    assert seen.watch("one").drift("base") is None
    assert seen.watch("one").program_drift() is None
    assert seen.unreachable == {"one": "no answer within 5 s"}


def test_a_host_without_the_program_is_asked_by_one_that_travels_along() -> None:
    def reply(question: Question) -> Answer:
        return looks() if "python3" in question.command else answer("", 1, "hostctl: command not found")

    hosts = Hosts(one=reply)
    seen = observer(hosts)
    assert len(hosts.asked) == 2
    assert seen.watch("one").program_drift()
    assert seen.watch("one").drift("base")


def test_a_host_that_can_not_look_at_itself_says_why_in_its_last_words() -> None:
    seen = observer(Hosts(one=lambda _: answer("", 1, "first\nsudo: a password is required\n")))
    assert seen.unreachable == {"one": "it could not look at itself as deploy: sudo: a password is required"}


def test_the_report_names_what_differs_what_is_missing_and_who_did_not_answer(tmp_path: Path) -> None:
    hosts = Hosts(one=lambda _: looks(other=state("a: b")), two=lambda _: Unreachable(reason="why"))
    seen = observer(hosts)
    report = tmp_path / "report.json"

    def program() -> None:
        HostUnit("one-base", dataclasses.replace(target(), watch=seen.watch("one")), UNIT)
        seen.end(announce=False, report=str(report))

    record(program)
    assert json.loads(report.read_text()) == {
        "one": {"units": {"other": ["a: b"], "base": ["it is not on this host"]}},
        "two": {"unreachable": "why"},
    }
    assert hosts.closed


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(
        pulumi.log, "info", lambda text, resource=None: lines.append(f"{resource._name}: {text}")
    )
    monkeypatch.setattr(pulumi.log, "warn", lambda text: lines.append(f"warning: {text}"))
    return lines


FORECAST = {"things": [], "removed": [], "kept": [], "effects": ["reload nginx.service"], "conflicts": []}


def announced(forecast: Reply, *, unit: dict[str, Any], wanted: pulumi.Input[Unit] = UNIT) -> Hosts:
    def reply(question: Question) -> Answer | Unreachable:
        return forecast(question) if question.command.endswith("forecast") else looks(base=unit)

    hosts = Hosts(one=reply)
    seen = observer(hosts)

    def program() -> None:
        HostUnit("one-base", dataclasses.replace(target(), watch=seen.watch("one")), wanted, named="base")
        seen.end(announce=True, report=None)

    record(program)
    assert hosts.closed
    return hosts


def test_a_changed_unit_is_announced_at_its_resource(logged: list[str]) -> None:
    hosts = announced(lambda _: answer({"base": FORECAST}), unit=state(document="other"))
    assert logged == ["one-base: and then:\n  reload nginx.service"]
    (_, question) = hosts.asked[-1]
    assert question.stdin.decode() == f"[{UNIT.serialize()}]"


def test_a_unit_that_is_as_it_was_applied_is_not_asked_about(logged: list[str]) -> None:
    hosts = announced(lambda _: answer({}), unit=state(document=document_digest(UNIT.serialize())))
    assert len(hosts.asked) == 1
    assert logged == []


def test_a_unit_whose_text_changes_nothing_on_the_host_says_so(logged: list[str]) -> None:
    announced(lambda _: answer({"base": FORECAST | {"effects": []}}), unit=state(document="other"))
    assert logged == ["one-base: on one, nothing changes"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Unreachable(reason="the connection broke: x"), "the connection broke: x"),
        (answer("", 1, "error: y"), "it could not look at itself as deploy: error: y"),
    ],
)
def test_a_forecast_that_fails_costs_a_warning(
    logged: list[str], reply: Answer | Unreachable, why: str
) -> None:
    announced(lambda _: reply, unit=state(document="other"))
    assert logged == [f"warning: what will change can't be shown line by line: {why}"]


def test_a_unit_that_nobody_wants_any_more_is_asked_about_and_a_refusal_of_its_removal_told(
    logged: list[str],
) -> None:
    def reply(question: Question) -> Answer:
        if question.command.endswith("forecast"):
            return answer({"database-x": {"refused": ["the database x would be dropped: no drill"]}})
        known = {"base": state(document=document_digest(UNIT.serialize())), "database-x": state()}
        return looks(**known)

    hosts = Hosts(one=reply)
    seen = observer(hosts)

    def program() -> None:
        HostUnit("one-base", dataclasses.replace(target(), watch=seen.watch("one")), UNIT, named="base")
        seen.end(announce=True, report=None)

    record(program)
    assert json.loads(hosts.asked[-1][1].stdin) == [
        {"unit": "database-x", "removed": True, "delete_data": False}
    ]
    assert logged == [
        "warning: on one, the removal of database-x will be refused: the database x would be dropped: no drill"
    ]
