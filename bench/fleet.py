"""Some hosts of one environment: the first has all roles, the others none; and measured runs of Pulumi on them."""

from __future__ import annotations

import os
import resource
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import testbed
from bench import hosts, journal
from bench.errors import BenchError
from bench.figures import Figure, Part, Step
from bench.project import HOST, Project, changes, reached
from bench.runner import failure, timed
from bench.tools.base import Call
from scripts.steps import Steps, format_seconds, last_line
from testbed import cgroup

ZONES = ("Etc/UTC", "Asia/Kolkata")
"""Time zones that a changed value turns to and fro."""

_SIZE: dict[str, Any] = {"memory": "4GiB", "cores": 2}
"""What a host without roles is said to have; the first one's is in the stack file."""


class Fleet:
    """Hosts that a stack of its own in ``folder`` is applied to; all of them are destroyed at the end.

    ``keep`` gets each figure at once, so that a run that is broken off is not lost. ``part``: what the figures that
    come next belong to.
    """

    def __init__(self, *, steps: Steps, folder: Path, keep: Callable[[Figure], None]) -> None:
        self._steps = steps
        self.folder = folder
        self._keep = keep
        self._hosts: list[testbed.Host] = []
        self._round_trip = 0
        self._zone = 0
        self._runs: Counter[tuple[Part, Step, int, int]] = Counter()
        self.part = Part.LOOKING
        self.project = Project(folder)

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.project.make()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._hosts:
            host.down()

    @property
    def first(self) -> testbed.Host:
        """The host with all roles."""
        return self._hosts[0]

    def grow(self, count: int) -> bool:
        """Have ``count`` hosts, the new ones bare and as far away as the others; False if there are that many."""
        if count <= len(self._hosts):
            return False
        with self._steps.step(f"Booting hosts until there are {count}"):
            while len(self._hosts) < count:
                host = hosts.bare(f"{hosts.HOST}-{len(self._hosts) + 1}")
                self._hosts.append(host)
                if self._round_trip:
                    host.latency(self._round_trip)
        self._configure()
        return True

    def distance(self, round_trip: int) -> None:
        """Put all hosts ``round_trip`` milliseconds away."""
        if round_trip != self._round_trip:
            for host in self._hosts:
                host.latency(round_trip)
        self._round_trip = round_trip

    def add(self, count: int) -> None:
        """Grow to ``count`` hosts and bring the new ones to their settings."""
        if self.grow(count):
            self.measure(Step.ADD, self.project.up())

    def change(self) -> None:
        """Change the time zone of each host and apply it."""
        self._zone = 1 - self._zone
        self._configure()
        self.measure(Step.CHANGE, self.project.up(), changed=len(self._hosts))

    def measure(self, step: Step, call: Call, *, changed: int | None = None) -> Figure:
        """Run it and count. ``changed``: how many resources must change, where that is known.

        Raises ``BenchError`` with the end of its output if it fails or changes something else.
        """
        key = (self.part, step, len(self._hosts), self._round_trip)
        self._runs[key] += 1
        run = self._runs[key]
        title = f"{step.value}, hosts: {len(self._hosts)}, {self._round_trip} ms, {run}"
        log = self.folder / f"{self.part}-{step.name.lower()}-{len(self._hosts)}-{self._round_trip}-{run}.log"
        load = os.getloadavg()[0]
        moments = [journal.now(host) for host in self._hosts]
        of_hosts, own = self._hosts_processor(), _children()
        with self._steps.step(title, lambda: last_line(log)):
            seconds, status = timed(call, log)
        used = _children() - own
        used_by_hosts = None if of_hosts is None else (self._hosts_processor() or 0.0) - of_hosts
        if status:
            raise BenchError(failure(title, f"exit status {status}", log))
        said = log.read_text(encoding="utf-8", errors="replace")
        if changed is not None and changes(said) != changed:
            raise BenchError(
                failure(title, f"it changed {changes(said)} resources instead of {changed}", log)
            )
        counted = [
            journal.count_since(host, moment) for host, moment in zip(self._hosts, moments, strict=True)
        ]
        figure = Figure(
            part=self.part,
            step=step,
            hosts=len(self._hosts),
            round_trip=self._round_trip,
            run=run,
            seconds=round(seconds, 3),
            processor=round(used, 3),
            hosts_processor=None if used_by_hosts is None else round(used_by_hosts, 3),
            connections=sum(count.connections for count in counted),
            unobserved=said.count(" was not observed, "),
            load=round(load, 2),
        )
        self._steps.note(
            f"{format_seconds(seconds)}, {figure.connections} connections, {used:.1f} s of the processor, "
            f"load {load:.1f}"
        )
        self._keep(figure)
        return figure

    def _configure(self) -> None:
        zone = {"timeZone": ZONES[self._zone]}
        every = {host.name: reached(host) | _SIZE | zone for host in self._hosts[1:]}
        self.project.configure(self.first, {"hosts": {HOST: reached(self.first) | zone, **every}})

    def _hosts_processor(self) -> float | None:
        """Seconds of the processor that the hosts have used so far; None where no control group counts them."""
        names = [host.clone.cgroup(host.name) for host in self._hosts if host.driver == "nspawn"]
        if len(names) < len(self._hosts):
            return None
        files = [cgroup.root() / f"{name}{end}/cpu.stat" for name in names for end in ("", ".delay")]
        return sum(_used(file.read_text(encoding="utf-8")) for file in files if file.exists())


def _used(statistics: str) -> float:
    """Seconds, of a control group's ``cpu.stat``."""
    values = dict(line.split(" ", 1) for line in statistics.splitlines())
    return int(values["usage_usec"]) / 1e6


def _children() -> float:
    """Seconds of the processor, user and system, of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
