"""Running what waits for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``, on a loop of its own.

    ``asyncio.run`` would leave the thread without the event loop that Pulumi's SDK expects there.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
