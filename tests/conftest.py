"""For all tests: failures and times are written down as they come, and each finds an event loop.

A run on hosts takes long, and pytest tells what failed, and what took how long, at its end.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

import pytest

pytest_plugins = ("tests.acceptance.fixtures",)

LOGS = Path(__file__).resolve().parents[1] / ".local/log"
FAILED = LOGS / "failed-tests.txt"
TIMES = LOGS / "test-times.tsv"  # seconds, setup|call|teardown, test
WORTH_A_LINE = 1.0


def pytest_sessionstart() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        FAILED.unlink(missing_ok=True)
        TIMES.unlink(missing_ok=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the process that it reports to writes
    if report.duration >= WORTH_A_LINE:
        _append(TIMES, f"{report.duration:.1f}\t{report.when}\t{report.nodeid}\n")
    if report.failed:
        _append(FAILED, f"=== {report.nodeid} ({report.when})\n{report.longreprtext}\n")


def _append(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as opened:
        opened.write(text)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A loop for every test: ``asyncio.run`` in one before leaves none, and Pulumi's mocks ask for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            asyncio.get_event_loop()
        except RuntimeError:
            asyncio.set_event_loop(asyncio.new_event_loop())
