from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from components.settings.windows import OVERRIDE, DeployWindow, refusal
from tests.components.settings.example import Load

OFFICE = {"refuse": ["09:00-18:00"], "days": ["mon..fri"], "timeZone": "Asia/Kolkata"}
NIGHT = {"refuse": ["22:00-02:00"], "days": ["fri"]}
NEW_YORK = {"refuse": ["01:00-03:00"], "timeZone": "America/New_York"}


def _window(settings: dict[str, Any]) -> DeployWindow:
    return DeployWindow.model_validate(settings)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "utc", "opens"),
    [
        ({}, "2026-11-24 10:00", None),
        # Tuesday; India is 5:30 ahead
        (OFFICE, "2026-11-24 03:29", None),
        (OFFICE, "2026-11-24 03:30", "2026-11-24 18:00+05:30"),
        (OFFICE, "2026-11-24 12:29:59", "2026-11-24 18:00+05:30"),
        (OFFICE, "2026-11-24 12:30", None),
        # Saturday, and a Sunday in UTC that is Monday in India
        (OFFICE, "2026-11-28 06:00", None),
        (OFFICE | {"refuse": ["00:00-06:00"]}, "2026-11-29 19:00", "2026-11-30 06:00+05:30"),
        # Friday's night ends on Saturday, and Thursday's is not meant
        (NIGHT, "2026-11-27 23:00", "2026-11-28 02:00+00:00"),
        (NIGHT, "2026-11-28 01:59", "2026-11-28 02:00+00:00"),
        (NIGHT, "2026-11-27 01:00", None),
        (NIGHT, "2026-11-28 22:30", None),
        ({"refuse": ["22:00-02:00"], "days": ["sun"]}, "2026-11-30 01:00", "2026-11-30 02:00+00:00"),
        # days that go over the end of the week
        ({"refuse": ["08:00-09:00"], "days": ["sat..mon"]}, "2026-11-29 08:30", "2026-11-29 09:00+00:00"),
        ({"refuse": ["08:00-09:00"], "days": ["sat..mon"]}, "2026-11-25 08:30", None),
        # ranges that touch, and whole days
        ({"refuse": ["08:00-10:00", "10:00-12:00"]}, "2026-11-25 09:00", "2026-11-25 12:00+00:00"),
        ({"refuse": ["00:00-24:00"], "days": ["sat", "sun"]}, "2026-11-28 09:00", "2026-11-30 00:00+00:00"),
        # on 8 March 2026 the clocks go from 02:00 to 03:00, on 1 November from 02:00 back to 01:00
        (NEW_YORK, "2026-03-08 06:30", "2026-03-08 03:00-04:00"),
        (NEW_YORK, "2026-03-08 07:00", None),
        (NEW_YORK, "2026-11-01 05:30", "2026-11-01 03:00-05:00"),
        (NEW_YORK, "2026-11-01 06:30", "2026-11-01 03:00-05:00"),
        (NEW_YORK, "2026-07-01 05:30", "2026-07-01 03:00-04:00"),
        (NEW_YORK, "2026-01-15 05:30", None),
    ],
)
def test_a_window_is_the_clock_on_the_wall_of_its_zone(
    settings: dict[str, Any], utc: str, opens: str | None
) -> None:
    window = _window(settings)
    assert (window.refusing(_at(utc)) is not None) is (opens is not None)
    if opens:
        assert window.opens(_at(utc)) == datetime.fromisoformat(opens)


def test_the_refusal_is_one_line_with_the_window_the_time_there_the_opening_and_the_way_around() -> None:
    problem, anyway = refusal("Pulumi.prod.yaml", _window(OFFICE), _at("2026-11-24 09:15"), {})
    assert anyway is None
    assert str(problem) == (
        "Pulumi.prod.yaml: deployWindow: it is Tue 14:45 in Asia/Kolkata, inside 09:00-18:00, when nothing is "
        "deployed; deployments open Tue 24 Nov 18:00; to deploy now, set DHANMAN_DEPLOY_ANYWAY to the reason"
    )


def test_a_window_that_never_opens_says_so() -> None:
    problem, _ = refusal("f", _window({"refuse": ["00:00-24:00"]}), _at("2026-11-24 09:15"), {})
    assert "deployments never open" in str(problem)


@pytest.mark.parametrize(("reason", "goes"), [("login is broken\n#17", True), ("", False), ("  \n", False)])
def test_a_reason_opens_the_window_and_is_said(reason: str, goes: bool) -> None:
    problem, anyway = refusal("f", _window(OFFICE), _at("2026-11-24 09:15"), {OVERRIDE: reason})
    assert (problem is None) is goes
    assert (anyway or "").endswith("to deploy anyway: login is broken #17") is goes


def test_a_reason_at_an_open_time_is_nobodys_business() -> None:
    assert refusal("f", _window(OFFICE), _at("2026-11-28 09:15"), {OVERRIDE: "why"}) == (None, None)


def test_every_mistake_in_a_window_is_told_at_once(problems: Callable[..., list[str]]) -> None:
    window = {
        "refuse": ["9-18", "09:00-25:00", "09:60-10:00", "10:00-10:00", "24:00-02:00", "08:00-24:01"],
        "days": ["mon..fri", "Monday", "mon..", "fri-sat"],
        "timeZone": "Asia/Calcuta",
        "reject": [],
    }
    told = problems({"deployWindow": window})
    paths = [line.split(": ")[1] for line in told]
    assert paths == [
        "deployWindow/days/1",
        "deployWindow/days/2",
        "deployWindow/days/3",
        "deployWindow/refuse/0",
        "deployWindow/refuse/1",
        "deployWindow/refuse/2",
        "deployWindow/refuse/3",
        "deployWindow/refuse/4",
        "deployWindow/refuse/5",
        "deployWindow/reject",
        "deployWindow/timeZone",
    ]
    assert "must be a range of times such as 09:00-18:00" in told[3]
    assert told[3].endswith("not '9-18'")
    assert "must be a day (mon, tue" in told[0]


def test_without_a_window_deployments_are_always_open(load_changed: Load) -> None:
    assert load_changed().deploy_window.refusing(_at("2026-11-24 09:15")) is None
