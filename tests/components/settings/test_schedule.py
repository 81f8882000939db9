"""The three ways to say when."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from components.settings.schedule import to_calendar

FORMS = [
    ("02:00", "*-*-* 02:00:00"),
    ("0 2 * * *", "*-*-* 02:00:00"),
    ("*/15 * * * *", "*-*-* *:0/15:00"),
    ("30 1 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 01:30:00"),
    ("0 3 * * 0", "Sun *-*-* 03:00:00"),
    ("0 3 * * 7", "Sun *-*-* 03:00:00"),
    ("0 3 1,15 * *", "*-*-01,15 03:00:00"),
    ("Mon..Fri 02:00", "Mon..Fri *-*-* 02:00:00"),
    ("*-*-01 04:30:00", "*-*-01 04:30:00"),
    ("daily", "daily"),
]


@pytest.mark.parametrize(("schedule", "calendar"), FORMS)
def test_a_schedule_becomes_a_systemd_calendar(schedule: str, calendar: str) -> None:
    assert to_calendar(schedule) == calendar


@pytest.mark.parametrize(
    "schedule", ["", "2", "25:00", "02:60", "noon", "0 2 * *", "60 2 * * *", "0 2 1 * 1", "5-1 2 * * *"]
)
def test_anything_else_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match="must"):
        to_calendar(schedule)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
@pytest.mark.parametrize("calendar", [calendar for _, calendar in FORMS])
def test_systemd_reads_the_calendar(calendar: str) -> None:
    subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)
