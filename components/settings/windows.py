"""When a stack is not to be changed, and until when.

Source: the deployment document, section "Don'ts": no deployment during peak hours.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator

from components.settings.base import Model
from components.settings.problems import Problem
from components.settings.values import TimeZone

OVERRIDE = "DHANMAN_DEPLOY_ANYWAY"
"""The environment variable that holds the reason for a deployment at a refused time."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_LOOK_AHEAD = 8 * _DAY


def _range(value: str) -> str:
    expectation = (
        "must be a range of times such as 09:00-18:00 (22:00-02:00 crosses midnight; 24:00 ends a day)"
    )
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", value)
    if match is None:
        raise ValueError(expectation)
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= _DAY or end > _DAY or start == end:
        raise ValueError(expectation)
    return value


def _days(value: str) -> str:
    first, dots, last = value.partition("..")
    if first not in DAYS or (dots and last not in DAYS):
        raise ValueError(f"must be a day ({', '.join(DAYS)}) or a range of days such as mon..fri")
    return value


class DeployWindow(Model):
    """When nothing is deployed: at the times of ``refuse``, on the days on which they begin.

    ``refuse``: local times in ``time_zone``, the second one excluded; none: deployments are always open.
    ``days``: days or ranges of them.
    """

    refuse: tuple[Annotated[str, AfterValidator(_range)], ...] = ()
    days: tuple[Annotated[str, AfterValidator(_days)], ...] = DAYS
    time_zone: TimeZone = "Etc/UTC"

    def refusing(self, moment: datetime) -> str | None:
        """The range that holds ``moment`` (aware), or None. What counts is the clock on the wall there."""
        local = moment.astimezone(zoneinfo.ZoneInfo(self.time_zone))
        minute, weekday = local.hour * 60 + local.minute, local.weekday()
        days = self._weekdays()
        for text in self.refuse:
            start, end = (int(t[:2]) * 60 + int(t[3:]) for t in text.split("-"))
            if start < end:
                inside = start <= minute < end and weekday in days
            else:
                inside = (minute >= start and weekday in days) or (minute < end and (weekday - 1) % 7 in days)
            if inside:
                return text
        return None

    def opens(self, moment: datetime) -> datetime | None:
        """The first minute from ``moment`` on that is not refused, in local time; None if there is none in a week."""
        # minute by minute in UTC, so that hours which a time zone skips or repeats need no thought
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        for _ in range(_LOOK_AHEAD):
            if self.refusing(minute) is None:
                return minute.astimezone(zoneinfo.ZoneInfo(self.time_zone))
            minute += timedelta(minutes=1)
        return None

    def _weekdays(self) -> set[int]:
        found: set[int] = set()
        for text in self.days:
            first, _, last = text.partition("..")
            start = DAYS.index(first)
            found.update((start + n) % 7 for n in range((DAYS.index(last or first) - start) % 7 + 1))
        return found


def refusal(
    file: str, window: DeployWindow, now: datetime, environ: Mapping[str, Any]
) -> tuple[Problem | None, str | None]:
    """Why nothing may be deployed ``now`` (aware), and, where ``environ`` has a reason to do so, what is done anyway.

    ``file``: the stack file's name, for the message. At most one of the two is there.
    """
    inside = window.refusing(now)
    if inside is None:
        return None, None
    local = now.astimezone(zoneinfo.ZoneInfo(window.time_zone))
    opens = window.opens(now)
    until = f"deployments open {opens:%a %d %b %H:%M}" if opens else "deployments never open"
    here = f"it is {local:%a %H:%M} in {window.time_zone}, inside {inside}"
    reason = " ".join(str(environ.get(OVERRIDE, "")).split())
    if reason:
        return None, f"{file}: deployWindow: {here}, and {OVERRIDE} says to deploy anyway: {reason}"
    text = f"{here}, when nothing is deployed; {until}; to deploy now, set {OVERRIDE} to the reason"
    return Problem(file=file, path=("deployWindow",), text=text), None
