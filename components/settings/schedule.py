"""When a job runs: a time of day, a cron line or a systemd calendar expression, all turned into the last.

Source: systemd.time(7), section "Calendar events"; crontab(5).
"""

from __future__ import annotations

import re

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORDS = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly")
_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_WEEKDAYS = re.compile(rf"{_DAY}(?:\.\.{_DAY})?(?:,{_DAY}(?:\.\.{_DAY})?)*")
_DATE = re.compile(r"(\*|\d{4})-([^-\s]+)-([^-\s]+)")
_EXPECTATION = "must be a time (02:00), a cron line (0 2 * * *) or a systemd calendar (Mon..Fri 02:00)"


def to_calendar(schedule: str) -> str:
    """``schedule`` as a systemd calendar expression such as ``*-*-* 02:00:00``.

    Raises :class:`ValueError` with what is allowed if it is none of the three forms.
    """
    text = schedule.strip()
    if text in _WORDS:
        return text
    if len(fields := text.split()) == len(_CRON_FIELDS):
        return _from_cron(fields)
    return _from_calendar(text)


def _from_calendar(text: str) -> str:
    words = text.split()
    weekdays = words.pop(0) + " " if words and _WEEKDAYS.fullmatch(words[0]) else ""
    date = words.pop(0) if len(words) > 1 else "*-*-*"
    if len(words) != 1:
        raise ValueError(_EXPECTATION)
    parsed = _DATE.fullmatch(date)
    clock = words[0].split(":")
    if parsed is None or len(clock) not in (2, 3):
        raise ValueError(_EXPECTATION)
    hour, minute, second = (*clock, "00")[:3]
    for part, low, high in (
        (parsed[2], 1, 12),
        (parsed[3], 1, 31),
        (hour, 0, 23),
        (minute, 0, 59),
        (second, 0, 59),
    ):
        _check(part, low, high)
    return f"{weekdays}{date} {hour}:{minute}:{second}"


def _check(part: str, low: int, high: int) -> None:
    for item in part.split(","):
        match = re.fullmatch(r"(?:\*|(\d{1,2})(?:\.\.(\d{1,2}))?)(?:/([1-9]\d?))?", item)
        if match is None:
            raise ValueError(_EXPECTATION)
        for number in match.group(1, 2):
            if number is not None and not low <= int(number) <= high:
                raise ValueError(_EXPECTATION)


def _from_cron(fields: list[str]) -> str:
    minute, hour, day, month, weekday = (
        _cron_field(field, low, high) for field, (low, high) in zip(fields, _CRON_FIELDS, strict=True)
    )
    if fields[2] != "*" and fields[4] != "*":
        # cron runs such a line on either of the two, systemd only where both hold.
        raise ValueError("must name a day of the month or a day of the week, not both")
    days = "" if fields[4] == "*" else ",".join(_weekdays(weekday)) + " "
    return f"{days}*-{month}-{day} {hour}:{minute}:00"


def _cron_field(field: str, low: int, high: int) -> str:
    items = []
    for item in field.split(","):
        match = re.fullmatch(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?", item)
        if match is None or any(n is not None and not low <= int(n) <= high for n in match.group(1, 2)):
            raise ValueError(_EXPECTATION)
        first, last, step = match.groups()
        if last is not None and int(last) < int(first):
            raise ValueError(_EXPECTATION)
        if first is None:
            items.append(f"{low}/{step}" if step else "*")
        else:
            text = f"{int(first):02}" + (f"..{int(last):02}" if last else "")
            items.append(text + (f"/{step}" if step else ""))
    return ",".join(items)


def _weekdays(field: str) -> list[str]:
    numbers: set[int] = set()
    for item in field.split(","):
        match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?(?:/(\d+))?", item)
        if match is None:
            raise ValueError(_EXPECTATION)
        first = int(match[1])
        last = int(match[2]) if match[2] else (6 if match[3] else first)
        numbers.update(range(first, last + 1, int(match[3] or 1)))
    # cron counts from Sunday, which is both 0 and 7; systemd's week starts on Monday.
    return [_DAYS[n] for n in sorted({(number - 1) % 7 for number in numbers})]
