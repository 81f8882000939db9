"""For all tests: failures are written down as they happen, and each finds an event loop.

A run on hosts takes long, and pytest tells what failed at its end.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

import pytest

FAILED = Path(__file__).resolve().parents[1] / ".local/log/failed-tests.txt"


def pytest_sessionstart() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        FAILED.unlink(missing_ok=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # the process that the others report to
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        FAILED.parent.mkdir(parents=True, exist_ok=True)
        with FAILED.open("a") as file:
            file.write(f"=== {report.nodeid} ({report.when})\n{report.longreprtext}\n")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A loop for every test: ``asyncio.run`` in one before leaves none, and Pulumi's mocks ask for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            asyncio.get_event_loop()
        except RuntimeError:
            asyncio.set_event_loop(asyncio.new_event_loop())
