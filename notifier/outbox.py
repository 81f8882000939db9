"""Messages that wait until every channel has taken them. A channel that fails is tried again, ever more seldom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.channels import Send, Undelivered
from notifier.messages import Message

FIRST_WAIT, LONGEST_WAIT = 60.0, 1800.0
"""Seconds until a channel that failed is tried again: doubled each time, up to the second."""
ROOM = 100
"""Messages that wait at most; beyond it the oldest go, and that is reported."""


def put(state: dict[str, Any], message: dict[str, Any]) -> None:
    """Let a message wait for its delivery."""
    waiting: list[dict[str, Any]] = state.setdefault("outbox", [])
    waiting.append(message)
    state["dropped"] = state.get("dropped", 0) + max(0, len(waiting) - ROOM)
    del waiting[:-ROOM]


def deliver(state: dict[str, Any], ways: Mapping[str, Send], now: float) -> list[str]:
    """Try what waits, each channel in the order of the messages. What was done, in a line each."""
    done = []
    troubles: dict[str, dict[str, Any]] = state.setdefault("troubles", {})
    for name in [name for name in troubles if name not in ways]:
        del troubles[name]
    for name, send in ways.items():
        trouble = troubles.get(name)
        if trouble and now < trouble["next"]:
            continue
        for message in [m for m in state.get("outbox", ()) if name in m["to"]]:
            try:
                send(Message(subject=message["subject"], body=message["body"]))
            except Undelivered as reason:
                troubles[name] = _trouble(trouble, str(reason), now)
                done.append(f"{name}: not delivered: {message['subject']}: {reason}")
                break
            message["to"].remove(name)
            troubles.pop(name, None)
            state["delivered"] = state.get("delivered", 0) + 1
            done.append(f"{name}: delivered: {message['subject']}")
    for message in state.get("outbox", ()):
        message["to"] = [name for name in message["to"] if name in ways]
    state["outbox"] = [message for message in state.get("outbox", ()) if message["to"]]
    return done


def _trouble(before: dict[str, Any] | None, reason: str, now: float) -> dict[str, Any]:
    wait = min(before["wait"] * 2, LONGEST_WAIT) if before else FIRST_WAIT
    since = before["since"] if before else now
    return {"problem": reason, "since": since, "wait": wait, "next": now + wait}
