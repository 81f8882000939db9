"""When something is told, and in which words."""

from __future__ import annotations

import dataclasses
from typing import Any

from notifier.config import Config, Slack
from notifier.messages import BEGINS, ENDS, MOST, REMINDER, SETTLING, WORSE, event, message, settle
from notifier.sources import Source

DAY = 86400.0
SOURCE = Source(name="drill", title="restore drill", next_step="make drill STACK=qa")


class Told:
    """A source that has been well, and what was told of it."""

    def __init__(self, *, well: bool = True) -> None:
        self.memory: dict[str, Any] = {"first_seen": 0.0}
        if well:
            assert self.after(0) is None

    def after(self, now: float, *problems: str) -> str | None:
        happened = event(self.memory, list(problems), now, DAY)
        settle(self.memory, list(problems))
        return happened


def test_what_fails_is_told_once_whatever_its_words_and_again_when_it_is_well() -> None:
    told = Told()
    assert told.after(60, "nothing was archived for 150 s") == BEGINS
    assert told.after(120, "nothing was archived for 210 s") is None
    assert told.after(180) == ENDS
    assert told.after(240) is None


def test_more_that_fails_is_told_and_less_is_not() -> None:
    told = Told()
    assert told.after(60, "one") == BEGINS
    assert told.after(120, "one", "two") == WORSE
    assert told.after(180, "two") is None
    assert told.after(240, "one", "two") is None


def test_what_goes_on_failing_is_told_again_at_the_rate_of_the_settings() -> None:
    told = Told()
    assert told.after(0, "one") == BEGINS
    assert told.after(DAY - 1, "one") is None
    assert told.after(DAY, "one") == REMINDER
    assert told.after(DAY + 60, "one") is None


def test_what_comes_and_goes_is_told_a_few_times_an_hour_and_in_the_end_as_it_is() -> None:
    told = Told()
    said = [told.after(60.0 * n, *(["one"] if n % 2 else [])) for n in range(1, 30)]
    assert [word for word in said if word] == [BEGINS, ENDS] * (MOST // 2)
    assert told.after(3700, "one") == BEGINS
    assert told.after(3760) == ENDS


def test_something_new_has_time_to_become_well() -> None:
    told = Told(well=False)
    assert told.after(60, "no backup yet") is None
    assert told.after(120) is None
    never = Told(well=False)
    assert never.after(60, "no backup yet") is None
    assert never.after(SETTLING, "no backup yet") == BEGINS
    assert never.memory["failing_since"] == 60


def test_a_message_says_what_where_since_when_and_what_to_do(config: Config) -> None:
    told = message(config, SOURCE, BEGINS, ["no room", "late"], 0, 60)
    assert told.subject == "[qa] main (192.0.2.10): restore drill: failing"
    assert told.body.splitlines() == [
        "Since 1970-01-01 00:00:00 UTC:",
        "- no room",
        "- late",
        "Next: make drill STACK=qa",
    ]
    well = message(config, SOURCE, ENDS, [], 0, 60)
    assert well.body == "It failed from 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:00 UTC."


def test_no_secret_of_a_channel_is_in_a_message(config: Config) -> None:
    url = "https://hooks.example.com/not-a-real-webhook"
    known = dataclasses.replace(config, slack=Slack(url=url))
    assert url not in message(known, SOURCE, BEGINS, [f"can't reach {url}"], 0, 60).body
