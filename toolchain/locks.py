"""Locks that end with their process."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.steps import Steps


@contextmanager
def alone(lock: Path, steps: Steps, waiting: str) -> Iterator[None]:
    """Hold a lock; while another process has it, the step ``waiting`` is shown."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.step(waiting):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
