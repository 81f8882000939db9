"""Being told to end: SIGTERM and SIGINT count as a failure, so that a transaction puts back what it changed.

``timeout`` sends SIGTERM when a unit takes too long, and SIGKILL half a minute later.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from hostctl.errors import HostError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(HostError):
    """The run was told to end."""


def fail_on_signals() -> None:
    """From now on either signal raises :class:`Interrupted` wherever the program is."""

    def stop(number: int, _frame: object) -> None:
        raise Interrupted(f"ended by {signal.Signals(number).name}", hint="run pulumi up again")

    for number in SIGNALS:
        signal.signal(number, stop)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hear neither signal until the block ends: an undo that is broken off helps nobody."""
    # a handler, not SIG_IGN: that would be inherited by the tools that run meanwhile
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
