"""Runs the measurements: one host at a time, the tools taking turns, so that a busy minute hits all alike."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import hosts, journal, verify
from bench.cases import BODY_SIZES, TITLES, Case, Sample
from bench.errors import BenchError
from bench.tools.base import Artifacts, Call, Tool, Workplace
from scripts.steps import Steps, format_seconds, last_line

TIME_LIMIT = 1800.0
"""Seconds that one command may take."""
_TAIL_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be measured. ``runs``: fresh hosts for each tool; ``repeats``: of the other cases on each of them."""

    cases: Sequence[Case]
    round_trips: Sequence[int]
    runs: int
    repeats: int


class Runner:
    """Measures; every sample is given to ``keep`` at once, so that a run that is broken off is not lost."""

    def __init__(
        self,
        *,
        steps: Steps,
        folder: Path,
        artifacts: Artifacts,
        keep: Callable[[Sample], None],
    ) -> None:
        self._steps = steps
        self._folder = folder
        self._artifacts = artifacts
        self._keep = keep

    def run(self, plan: Plan, tools: Sequence[Tool]) -> None:
        """Measure everything of ``plan``; raises ``BenchError`` with the tool's own words if a command fails."""
        try:
            for round_trip in plan.round_trips:
                for run in range(1, plan.runs + 1):
                    for tool in tools:
                        self._one_host(plan, tool, round_trip, run)
        finally:
            hosts.remove()

    def _one_host(self, plan: Plan, tool: Tool, round_trip: int, run: int) -> None:
        others = [case for case in Case if case in plan.cases and case is not Case.FIRST]
        # a first converge that nobody asked for need not be far away
        first_trip = round_trip if Case.FIRST in plan.cases else 0
        host = hosts.fresh(first_trip)
        folder = self._folder / f"{tool.name}-{round_trip}-{run}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        place = Workplace(folder=folder, host=host, artifacts=self._artifacts)
        tool.open(place)
        size, other = BODY_SIZES
        first = self._measure(tool, place, Case.FIRST, first_trip, run, tool.converge(place, size))
        verify.environment_works(host, size)
        if Case.FIRST in plan.cases:
            self._keep(first)
        elif round_trip:
            host.latency(round_trip)
        for repeat in range(plan.repeats if others else 0):
            number = (run - 1) * plan.repeats + repeat + 1
            for case in others:
                if case is Case.CHANGE:
                    size, other = other, size
                call = tool.preview(place, size) if case is Case.PREVIEW else tool.converge(place, size)
                if call is None:
                    continue
                self._keep(self._measure(tool, place, case, round_trip, number, call))
                if case is Case.CHANGE:
                    verify.environment_works(host, size)

    def _measure(
        self, tool: Tool, place: Workplace, case: Case, round_trip: int, run: int, call: Call
    ) -> Sample:
        log = place.folder / f"{case}-{run}.log"
        title = f"{tool.name}, {TITLES[case]}, {round_trip} ms, {run}"
        moment = journal.now(place.host)
        with self._steps.step(title, lambda: last_line(log)):
            seconds, status = timed(call, log)
        if status:
            raise BenchError(failure(title, f"exit status {status}", log))
        if case is Case.AGAIN and tool.changes(log.read_text(encoding="utf-8", errors="replace")):
            raise BenchError(failure(title, "it changed something where nothing was to be done", log))
        counted = journal.count_since(place.host, moment)
        self._steps.note(
            f"{format_seconds(seconds)}, {counted.connections} connections, {counted.channels} channels"
        )
        return Sample(
            tool=tool.name,
            case=case,
            round_trip=round_trip,
            run=run,
            seconds=round(seconds, 3),
            connections=counted.connections,
            channels=counted.channels,
        )


def timed(call: Call, log: Path) -> tuple[float, int]:
    """Wall time and exit status of a command whose output goes to ``log``."""
    with log.open("wb") as output, (call.stdin or Path("/dev/null")).open("rb") as stdin:
        started = time.monotonic()
        try:
            done = subprocess.run(
                call.argv,
                cwd=call.cwd,
                env=call.env,
                stdin=stdin,
                stdout=output,
                stderr=output,
                check=False,
                timeout=TIME_LIMIT,
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(
                f"{call.argv[0]} took longer than {TIME_LIMIT:g} s; its output is in {log}"
            ) from error
        return time.monotonic() - started, done.returncode


def failure(title: str, what: str, log: Path) -> str:
    """What people read of a command that failed: ``what`` happened, and the end of its output."""
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join([f"{title}: {what}, log in {log}", *(f"    {line}" for line in tail)])
