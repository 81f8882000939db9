"""Real servers as ordinary processes of a test: a free port, and a process that runs while it is needed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_LIMIT = 20.0
_PAUSE = 0.05


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    ask: Callable[[], object],
    refusals: tuple[type[Exception], ...],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """The process, from its first answer on; afterwards it has ended. ``log``: gets what it says.

    ``ask`` raises one of ``refusals`` while it does not answer yet.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env=os.environ | dict(environment or {})
        )
    try:
        _await_answer(process, log, ask, refusals)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(
    process: subprocess.Popen[bytes],
    log: Path,
    ask: Callable[[], object],
    refusals: tuple[type[Exception], ...],
) -> None:
    until = time.monotonic() + _LIMIT
    while True:
        try:
            ask()
            return
        except refusals:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, f"{process.args!r} does not answer"
            time.sleep(_PAUSE)
