"""What counts as wrong with a source."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.host import Unit
from notifier.looking import Moment, look
from notifier.sources import Source, load

DAY = 86400.0
NOW = 1_800_000_000.0 - 1_800_000_000.0 % DAY + 6 * 3600
"""A day's 06:00 UTC."""
SERVICE, TIMER = "x.service", "x.timer"


def text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(now: float = NOW, *, uptime: float = 9 * DAY, timer: str = "active", **unit: Any) -> Moment:
    """A moment at which the unit is so; the schedule elapses each day at midnight."""
    known = {SERVICE: Unit(name=SERVICE, **unit), TIMER: Unit(name=TIMER, active=timer)}
    return Moment(
        now=now, uptime=uptime, units=known, elapses=lambda calendar, after: after - after % DAY + DAY
    )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def source(report: Path | None = None, **fields: Any) -> Source:
    return Source(name="x", title="the work", next_step="do", units=(SERVICE,), report=report, **fields)


def write(report: Path, result: str = "ok", *problems: str, age: float = 60) -> None:
    report.write_text(json.dumps({"result": result, "problems": problems, "at": text(NOW - age)}))


def test_a_good_report_and_a_unit_that_ran_are_no_problem(report: Path) -> None:
    write(report)
    assert look(source(report), {}, at(ended=NOW - 60)) == []


def test_what_the_report_says_is_told_and_not_that_its_unit_failed_as_well(report: Path) -> None:
    write(report, "failed", "no good backup of sales\nwith details", "no room")
    found = look(source(report), {}, at(active="failed", result="exit-code", status=1, started=NOW - 90))
    assert found == ["no good backup of sales", "no room"]


def test_a_unit_that_could_not_start_is_told_although_the_report_of_before_is_good(report: Path) -> None:
    write(report, age=3600)
    failed = at(active="failed", result="exit-code", status=203, started=NOW - 5)
    assert look(source(report), {}, failed) == ["x.service failed (exit-code)"]


def test_a_run_that_ended_without_a_word_is_told(report: Path) -> None:
    write(report, age=3600)
    failed = at(active="failed", result="exit-code", status=1, started=NOW - 5)
    assert look(source(report), {}, failed) == ["x.service failed (exit-code)"]


def test_a_later_good_report_makes_up_for_a_run_that_told_why_it_failed(report: Path) -> None:
    write(report, age=0)
    failed = at(active="failed", result="exit-code", status=1, started=NOW - 300)
    assert look(source(report), {}, failed) == []


@pytest.mark.parametrize("since", ["activating", "inactive"])
def test_a_failed_unit_counts_until_it_has_succeeded_also_over_a_reboot(since: str) -> None:
    memory: dict[str, Any] = {}
    wanted = source()
    assert look(wanted, memory, at(active="failed", result="timeout")) == ["x.service failed (timeout)"]
    assert look(wanted, memory, at(active=since)) == ["x.service failed (timeout)"]
    assert look(wanted, memory, at(active="inactive", ended=NOW)) == []


def test_a_unit_that_is_not_there_is_told() -> None:
    assert look(source(), {}, at(load="not-found")) == ["x.service is not on the host"]


def test_a_report_that_cannot_be_read_is_told(report: Path) -> None:
    report.write_text("{")
    assert look(source(report), {}, at()) == [f"{report} can't be read"]


def test_silence_is_told_but_not_what_was_silent_while_the_host_was_off(report: Path) -> None:
    write(report, age=5 * 3600)
    wanted = source(report, max_age=1200)
    assert look(wanted, {}, at()) == ["nothing was reported for 5.0 h: x.service does not run"]
    assert look(wanted, {}, at(uptime=60)) == []


def test_a_report_that_never_comes_is_told(report: Path) -> None:
    memory: dict[str, Any] = {}
    wanted = source(report, max_age=1200)
    assert look(wanted, memory, at()) == []
    assert "nothing was reported for 30 min" in look(wanted, memory, at(NOW + 1800))[0]


def test_work_that_is_due_and_not_done_is_late_after_a_while(report: Path) -> None:
    write(report, age=2 * 3600)
    wanted = source(report, schedule="daily")
    memory: dict[str, Any] = {}
    assert look(wanted, memory, at()) == []
    due = NOW - NOW % DAY + DAY
    assert look(wanted, memory, at(due + 2 * 3600)) == []
    (late,) = look(wanted, memory, at(due + 4 * 3600))
    assert late.startswith("late: due since ")
    assert "the last success was" in late


def test_work_that_failed_is_late_counted_from_its_last_success(report: Path) -> None:
    write(report, age=0)
    wanted = source(report, schedule="daily")
    memory: dict[str, Any] = {}
    look(wanted, memory, at())
    write(report, "failed", "no room", age=-2 * DAY)
    found = look(wanted, memory, at(NOW + 2 * DAY))
    assert found[0] == "no room"
    assert "late: due since" in found[1]


def test_work_that_is_under_way_is_not_late() -> None:
    memory: dict[str, Any] = {"first_seen": NOW - 3 * DAY}
    assert look(source(schedule="daily"), memory, at(active="activating")) == []
    assert "it has never succeeded" in look(source(schedule="daily"), memory, at())[0]


def test_a_timer_that_stands_still_is_told_but_not_one_that_a_deployment_restarts() -> None:
    memory: dict[str, Any] = {}
    wanted = source(timers=(TIMER,))
    assert look(wanted, memory, at(timer="inactive")) == []
    assert look(wanted, memory, at(NOW + 60)) == []
    assert look(wanted, memory, at(NOW + 120, timer="inactive")) == []
    assert look(wanted, memory, at(NOW + 240, timer="inactive")) == [
        "x.timer does not run, so nothing is started"
    ]


def test_a_source_that_cannot_be_read_is_named_and_the_others_count(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "a", "title": "t", "next_step": "n", "units": ["u"]}')
    (tmp_path / "b.json").write_text('{"name": "b", "unknown": 1}')
    found, wrong = load(tmp_path)
    assert [(s.name, s.units) for s in found] == [("a", ("u",))]
    (text_of_b,) = wrong
    assert text_of_b.startswith(f"{tmp_path}/b.json")
