"""A new release on trial: it gets a share of the requests, and NGINX's log says how it does beside the old one.

Requests are told apart by the socket that NGINX tried first. The measures are those of the log's own fields
(https://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables): an answer of 500 or more, or none, is a
failure; what it took is the time that the service took.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from hostctl.errors import HostError
from hostctl.report import progress

PAUSE = 0.5
"""Seconds between two looks at the log."""

TOLD_EVERY = 10.0
"""Seconds between two lines for those who watch."""

FLOOR = 0.05
"""Seconds that a new release may always be slower: of a few milliseconds a multiple says nothing."""

QUANTILE = 0.95
FAILED = 500

_END = re.compile(r' (\S+(?:, \S+)*) [0-9a-f]{32} "([^"]*)" "([^"]*)"$')
"""The end of a line: the seconds, the request's id, the sockets and the answers of each attempt."""


class Sample(NamedTuple):
    """One request. ``seconds``: that the service took for it."""

    canary: bool
    failed: bool
    seconds: float


@dataclass
class Side:
    """What is known of one of the two releases."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, sample: Sample) -> None:
        """Count one request."""
        self.seconds.append(sample.seconds)
        self.failed += sample.failed

    @property
    def requests(self) -> int:
        """How many were counted."""
        return len(self.seconds)

    @property
    def share_failed(self) -> float:
        """Failed ones among them, 0 to 1."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def slowest(self) -> float:
        """Seconds within which 95 of 100 were answered."""
        if not self.seconds:
            return 0.0
        return sorted(self.seconds)[max(0, math.ceil(QUANTILE * self.requests) - 1)]

    def __str__(self) -> str:
        if not self.requests:
            return "no requests"
        return f"{self.requests} requests, {_percent(self.share_failed)} failed, p95 {_milliseconds(self.slowest)}"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """``seconds``: how long. ``least``: requests of the new release without which it can't be judged.

    ``errors``: by how much its share of failed requests may be larger (0 to 1). ``latency``: how many times as long
    as the old one it may take.
    """

    seconds: float
    least: int
    errors: float
    latency: float

    @classmethod
    def of(cls, wanted: dict[str, Any]) -> Terms:
        """As a unit names them."""
        return cls(
            seconds=float(wanted["seconds"]),
            least=int(wanted["least"]),
            errors=float(wanted["errors"]),
            latency=float(wanted["latency"]),
        )

    def too_many_errors(self, old: Side, new: Side) -> list[str]:
        """Whether too many requests failed, in words. Known early: the missing ones up to ``least`` count as good."""
        if new.failed <= (old.share_failed + self.errors) * max(new.requests, self.least):
            return []
        return [
            f"{_percent(new.share_failed)} of its requests failed, of the old one's {_percent(old.share_failed)} "
            f"({_percent(self.errors)} more are allowed)"
        ]

    def too_slow(self, old: Side, new: Side) -> list[str]:
        """Whether it takes too long, in words. Known at the end: the first requests of a process are slow."""
        allowed = old.slowest * self.latency + FLOOR
        if not self.are_comparable(old, new) or new.slowest <= allowed:
            return []
        took, before = _milliseconds(new.slowest), _milliseconds(old.slowest)
        text = f"95 of 100 requests took up to {took}, with the old one {before}"
        return [f"{text} ({_milliseconds(allowed)} are allowed)"]

    def are_comparable(self, old: Side, new: Side) -> bool:
        """Whether there were requests enough for their times to say something."""
        return min(old.requests, new.requests) >= self.least


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def parsed(line: str, canary: str) -> Sample | None:
    """One line of the log; None for a request that reached neither. ``canary``: path of its link."""
    match = _END.search(line.rstrip("\n"))
    if match is None or match[2] in ("", "-"):
        return None
    times, sockets, answers = (text.split(", ") for text in match.groups())
    status, seconds = answers[0], times[0]
    failed = not status.isdecimal() or int(status) >= FAILED
    took = float(seconds) if seconds.replace(".", "", 1).isdecimal() else 0.0
    return Sample(canary=sockets[0] == f"unix:{canary}", failed=failed, seconds=took)


class Tail:
    """The lines that are written to a file from now on, also where it is renamed and made anew in between."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = ""
        self._file = self._open()
        if self._file:
            self._file.seek(0, 2)

    def _open(self) -> TextIO | None:
        try:
            return self._path.open(errors="replace")
        except FileNotFoundError:
            return None

    def lines(self) -> Iterator[str]:
        """Those that came since the last call."""
        yield from self._read()
        if self._was_renamed():
            yield from self._read()
            self.close()
            self._rest, self._file = "", self._open()
            yield from self._read()

    def _read(self) -> Iterator[str]:
        if self._file is None:
            return
        text = self._rest + self._file.read()
        *whole, self._rest = text.split("\n")
        yield from whole

    def _was_renamed(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        if self._file is None:
            return True
        return there.st_ino != os.fstat(self._file.fileno()).st_ino

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()


def trial(
    terms: Terms, log: Path, link: Path, begin: Callable[[], object], is_alive: Callable[[], bool]
) -> str:
    """Give the new release its share and watch; the numbers if it stood the test, else :class:`HostError`.

    ``log``: NGINX's, of this service. ``link``: the link that leads the share. ``begin``: leads it to the new release.
    ``is_alive``: whether that still runs.
    """
    tail, old, new = Tail(log), Side(), Side()
    try:
        begin()
        start = told = time.monotonic()
        while True:
            passed = time.monotonic() - start
            for line in tail.lines():
                if sample := parsed(line, str(link)):
                    (new if sample.canary else old).add(sample)
            over, numbers = passed >= terms.seconds, f"new: {new}; old: {old}"
            reasons = terms.too_many_errors(old, new) + (terms.too_slow(old, new) if over else [])
            if not is_alive():
                reasons.insert(0, "its process has ended")
            if reasons:
                raise HostError(
                    f"the canary was refused after {passed:.0f} s: {'; '.join(reasons)}",
                    details=f"    {numbers}",
                    hint="correct the release, then pulumi up with its next version",
                )
            if over:
                few = f" (fewer than {terms.least} requests each: times were not compared)"
                return numbers + ("" if terms.are_comparable(old, new) else few)
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                progress(f"  canary, {passed:.0f} of {terms.seconds:.0f} s: {numbers}")
            time.sleep(min(PAUSE, terms.seconds - passed))
    finally:
        tail.close()
