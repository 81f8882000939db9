"""What is told and when: once when something begins to fail, once when it is well again, now and then in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from notifier.config import Config
from notifier.looking import Memory
from notifier.sources import Source

SETTLING = 900.0
"""Seconds that something new has to be well for the first time, before it counts as failing."""
MOST = 6
"""Messages about one source in an hour; what is to be told beyond it waits, and is told as it is by then."""
HOUR = 3600.0

BEGINS, WORSE, REMINDER, ENDS = "failing", "worse", "still failing", "well again"


@dataclass(frozen=True, kw_only=True)
class Message:
    """``subject``: one line; ``body``: some."""

    subject: str
    body: str


def event(memory: Memory, problems: list[str], now: float, remind: float) -> str | None:
    """What is to be told of a source after a look, if anything; ``memory`` is kept up.

    Whether it fails is told once, however its words change; again only when more is wrong than was told.
    """
    happened = _happened(memory, problems, now, remind)
    if happened is None:
        return None
    sent = [at for at in memory.get("sent", []) if now - at < HOUR]
    if len(sent) >= MOST:
        return None
    memory["sent"] = [*sent, now]
    memory["told"] = len(problems)
    memory["told_at"] = now
    return happened


def _happened(memory: Memory, problems: list[str], now: float, remind: float) -> str | None:
    told = memory.get("told", 0)
    if not problems:
        memory["was_well"] = True
        return ENDS if told else None
    if not told:
        memory.setdefault("failing_since", now)
        new = not memory.get("was_well") and now - memory["first_seen"] < SETTLING
        return None if new else BEGINS
    if len(problems) > told:
        return WORSE
    return REMINDER if now - memory["told_at"] >= remind else None


def settle(memory: Memory, problems: list[str]) -> None:
    """Forget since when it failed, once it is well and that was told."""
    if not problems and not memory.get("told"):
        memory.pop("failing_since", None)


def message(
    config: Config, source: Source, happened: str, problems: list[str], since: float, now: float
) -> Message:
    """What is told. No secret of the channels is in it."""
    subject = f"[{config.environment}] {config.host}: {source.title}: {happened}"
    if happened == ENDS:
        body = f"It failed from {clock(since)} to {clock(now)}."
    else:
        body = "\n".join(
            [f"Since {clock(since)}:", *(f"- {problem}" for problem in problems), f"Next: {source.next_step}"]
        )
    return Message(subject=config.without_secrets(subject), body=config.without_secrets(body))


def trial(config: Config, now: float) -> Message:
    """What a person sends to see whether messages arrive."""
    return Message(
        subject=f"[{config.environment}] {config.host}: a test message",
        body=f"Sent by hand at {clock(now)} (dhanman-notify test). Nothing is wrong.",
    )


def clock(seconds: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def stored(message: Message, source: str, happened: str, now: float, channels: list[str]) -> dict[str, Any]:
    """As it waits until every channel has taken it."""
    words = {"subject": message.subject, "body": message.body}
    return words | {"source": source, "event": happened, "at": now, "to": channels}
