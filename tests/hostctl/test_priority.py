from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hostctl.priority import AUTOGROUP, NICENESS
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def _waiting(*prefix: str) -> Iterator[int]:
    """The program, while it waits for its unit; its process number."""
    command = [*prefix, sys.executable, "-m", "hostctl", "apply"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_it_lets_what_serves_go_first() -> None:
    with _waiting() as program:
        until(lambda: os.getpriority(os.PRIO_PROCESS, program) == NICENESS, 10)
    assert os.getpriority(os.PRIO_PROCESS, 0) < NICENESS


@pytest.mark.parametrize("prefix", [(), ("setsid",)], ids=["of its own", "that the caller made for it"])
def test_where_the_kernel_groups_tasks_by_session_it_has_a_session_that_comes_last(
    prefix: tuple[str, ...],
) -> None:
    if not AUTOGROUP.exists():
        pytest.skip("this kernel has no groups of sessions")
    before = AUTOGROUP.read_text()
    with _waiting(*prefix) as program:
        until(lambda: Path(f"/proc/{program}/autogroup").read_text().endswith(f" nice {NICENESS}\n"), 10)
        assert os.getsid(program) == program
    assert AUTOGROUP.read_text() == before
