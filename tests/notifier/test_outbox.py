"""Messages wait for their channels, and nothing is told twice."""

from __future__ import annotations

from typing import Any

from notifier.channels import Undelivered
from notifier.messages import Message
from notifier.outbox import FIRST_WAIT, LONGEST_WAIT, ROOM, deliver, put


class Channel:
    """Takes messages while it is ``well``."""

    def __init__(self) -> None:
        self.well = True
        self.tries = 0
        self.taken: list[str] = []

    def __call__(self, message: Message) -> None:
        self.tries += 1
        if not self.well:
            raise Undelivered("no answer")
        self.taken.append(message.subject)


def waiting(*subjects: str) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for subject in subjects:
        put(state, {"subject": subject, "body": "", "to": ["slack", "email"]})
    return state


def test_each_channel_gets_each_message_once_in_order() -> None:
    state, slack, email = waiting("a", "b"), Channel(), Channel()
    deliver(state, {"slack": slack, "email": email}, 0)
    deliver(state, {"slack": slack, "email": email}, 60)
    assert slack.taken == email.taken == ["a", "b"]
    assert (state["outbox"], state["delivered"]) == ([], 4)


def test_a_channel_that_fails_keeps_no_other_and_gets_everything_later() -> None:
    state, slack, email = waiting("a", "b"), Channel(), Channel()
    slack.well = False
    said = deliver(state, {"slack": slack, "email": email}, 0)
    assert "slack: not delivered: a: no answer" in said
    assert (slack.tries, email.taken) == (1, ["a", "b"])
    assert state["troubles"]["slack"]["problem"] == "no answer"
    slack.well = True
    deliver(state, {"slack": slack, "email": email}, FIRST_WAIT)
    assert (slack.taken, email.taken) == (["a", "b"], ["a", "b"])
    assert state["troubles"] == {}


def test_a_channel_that_goes_on_failing_is_tried_ever_more_seldom() -> None:
    state, slack = waiting("a"), Channel()
    slack.well = False
    for minute in range(24 * 60):
        deliver(state, {"slack": slack}, minute * 60.0)
    assert 24 * 3600 / LONGEST_WAIT <= slack.tries <= 24 * 3600 / LONGEST_WAIT + 6
    assert state["troubles"]["slack"]["since"] == 0


def test_a_channel_that_was_taken_out_of_the_settings_is_waited_for_no_longer() -> None:
    state, slack, email = waiting("a"), Channel(), Channel()
    email.well = False
    deliver(state, {"slack": slack, "email": email}, 0)
    deliver(state, {"slack": slack}, 60)
    assert (state["outbox"], state["troubles"]) == ([], {})


def test_what_waits_has_an_end_and_what_was_dropped_is_counted() -> None:
    state = waiting(*[str(n) for n in range(ROOM + 3)])
    assert len(state["outbox"]) == ROOM
    assert state["outbox"][0]["subject"] == "3"
    assert state["dropped"] == 3
