"""What a load saw, summed up, and the table that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.errors import BenchError
from bench.load import Request, percentile
from bench.table import aligned


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """One deploy. ``begun``: seconds since the epoch."""

    version: str
    begun: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One way under one load.

    ``rate``: requests per second that were asked for; ``sent``: those that were sent. ``p50``, ``p99`` and ``most``:
    seconds until answered. ``serving``: median seconds from the begin of a deploy to the first answer of its version,
    None where nothing was deployed.
    """

    way: str
    rate: int
    sent: float
    deploys: int
    refused: int
    total: int
    failed: int
    p50: float
    p99: float
    most: float
    serving: float | None


def summary(
    way: str, rate: int, requests: Sequence[Request], deploys: Sequence[Deploy], *, refused: int
) -> Summary:
    """Sum up; raises BenchError where a deployed version never answered."""
    times = [request.seconds for request in requests]
    span = max(r.sent for r in requests) - min(r.sent for r in requests)
    served = [_first_answer(requests, deploy) - deploy.begun for deploy in deploys]
    return Summary(
        way=way,
        rate=rate,
        sent=len(requests) / span if span else 0.0,
        deploys=len(deploys),
        refused=refused,
        total=len(requests),
        failed=sum(request.failed for request in requests),
        p50=percentile(times, 0.5),
        p99=percentile(times, 0.99),
        most=max(times),
        serving=median(served) if served else None,
    )


def _first_answer(requests: Sequence[Request], deploy: Deploy) -> float:
    answers = [
        r.sent + r.seconds
        for r in requests
        if r.sent >= deploy.begun and r.instance.partition("/")[0] == deploy.version
    ]
    if not answers:
        raise BenchError(f"version {deploy.version} never answered")
    return min(answers)


_HEADINGS = ("way", "sent/s", "deploys", "refused", "failed", "of", "p50", "p99", "most", "serves after")


def render(summaries: Sequence[Summary], own_start: float | None) -> str:
    """The table as text. ``own_start``: seconds that the service needs from its start to its first answer, if known."""
    lines = [_HEADINGS, *map(_cells, summaries)]
    starts = "" if own_start is None else f"; the service itself starts in {own_start:.2f} s"
    asked = max(one.rate for one in summaries)
    return f"{asked} requests per second asked for{starts}\n" + aligned(lines, words=1)


def _cells(one: Summary) -> tuple[str, ...]:
    return (
        one.way,
        f"{one.sent:.0f}",
        str(one.deploys),
        str(one.refused),
        str(one.failed),
        str(one.total),
        *(f"{seconds * 1000:.1f} ms" for seconds in (one.p50, one.p99, one.most)),
        "-" if one.serving is None else f"{one.serving:.2f} s",
    )
