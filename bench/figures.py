"""What is measured of looking at hosts, and the tables that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from bench.table import aligned


class Part(StrEnum):
    """What ``--only`` chooses, beside the comparison of tools."""

    LOOKING = "looking"
    """Previews that look at the host, against previews that do not."""
    EDITS = "edits"
    """What people change by hand: found, and repaired."""
    HOSTS = "hosts"
    """How all that grows with the number of hosts."""


class Step(StrEnum):
    """One run of Pulumi on an environment that stands."""

    ADD = "hosts added"
    """The hosts come from a bare disk: the first one with all roles, the others with none."""
    BLIND_PREVIEW = "preview, DHANMAN_OBSERVE=no"
    PREVIEW = "preview"
    AGAIN = "up, nothing to do"
    CHANGE = "up, one value changed on each host"
    """The time zone."""
    LOOK = "preview around hand edits"
    REPAIR = "up, hand edits repaired"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One run. ``seconds``: wall time. ``processor``: seconds of the processor (user and system) that Pulumi with its
    plugins and its program used. ``hosts_processor``: those of the hosts, delay included; None where the machine
    does not count them. ``connections``: logins on all hosts together. ``unobserved``: hosts that did not let
    themselves be asked in time. ``load``: the machine's load average of the minute before.
    """

    part: Part
    step: Step
    hosts: int
    round_trip: int
    run: int
    seconds: float
    processor: float
    hosts_processor: float | None
    connections: int
    unobserved: int
    load: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Medians of one step with one number of hosts at one distance; ``least`` and ``most`` bound the seconds."""

    step: Step
    hosts: int
    round_trip: int
    count: int
    seconds: float
    least: float
    most: float
    processor: float
    hosts_processor: float | None
    connections: float
    unobserved: int
    load: float


def summaries(figures: Iterable[Figure]) -> list[Summary]:
    """Sum up, in the order of distance, step and number of hosts."""
    groups: dict[tuple[int, Step, int], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.round_trip, figure.step, figure.hosts), []).append(figure)
    steps = list(Step)
    ordered = sorted(groups, key=lambda key: (key[0], steps.index(key[1]), key[2]))
    return [_summary(groups[key]) for key in ordered]


def _summary(group: Sequence[Figure]) -> Summary:
    seconds = [figure.seconds for figure in group]
    counted = [figure.hosts_processor for figure in group if figure.hosts_processor is not None]
    return Summary(
        step=group[0].step,
        hosts=group[0].hosts,
        round_trip=group[0].round_trip,
        count=len(group),
        seconds=median(seconds),
        least=min(seconds),
        most=max(seconds),
        processor=median(figure.processor for figure in group),
        hosts_processor=median(counted) if counted else None,
        connections=median(figure.connections for figure in group),
        unobserved=sum(figure.unobserved for figure in group),
        load=median(figure.load for figure in group),
    )


_LOOKING = ("round trip", "", "runs", "median", "least", "most", "more", "processor", "connections", "load")


def render_looking(found: Sequence[Summary]) -> str:
    """Previews with and without a look at the host. ``more``: seconds beyond the one that does not look."""
    lines = []
    for line in (s for s in found if s.step is not Step.ADD):
        blind = [s.seconds for s in found if s.round_trip == line.round_trip and s.step is Step.BLIND_PREVIEW]
        more = f"{line.seconds - blind[0]:+.1f} s" if blind and line.step is not Step.BLIND_PREVIEW else "-"
        first = (f"{line.round_trip} ms", line.step.value, str(line.count), *_seconds(line), more)
        lines.append((*first, f"{line.processor:.1f} s", f"{line.connections:g}", f"{line.load:.1f}"))
    return aligned([_LOOKING, *lines])


_HOSTS = (
    *("", "hosts", "runs", "median", "least", "most", "/ fewest"),
    *("processor", "of hosts", "connections", "unasked", "load"),
)


def render_hosts(found: Sequence[Summary]) -> str:
    """Steps by the number of hosts. ``/ fewest``: how many times as long as with the fewest hosts. ``unasked``:
    hosts that could not be observed, in all runs together.
    """
    lines = []
    for line in found:
        same = [s for s in found if (s.step, s.round_trip) == (line.step, line.round_trip)]
        fewest = min(same, key=lambda s: s.hosts).seconds
        of_hosts = "-" if line.hosts_processor is None else f"{line.hosts_processor:.1f} s"
        ratio = "-" if line.step is Step.ADD else f"{line.seconds / fewest:.2f}"
        first = (line.step.value, str(line.hosts), str(line.count), *_seconds(line), ratio)
        counts = (f"{line.connections:g}", str(line.unobserved), f"{line.load:.1f}")
        lines.append((*first, f"{line.processor:.1f} s", of_hosts, *counts))
    return aligned([_HOSTS, *lines])


def _seconds(line: Summary) -> tuple[str, str, str]:
    return f"{line.seconds:.1f} s", f"{line.least:.1f} s", f"{line.most:.1f} s"


@dataclass(frozen=True, kw_only=True)
class Edits:
    """Hand edits: how many were made, of how many kinds of things, found, and said without having been made.

    ``left``: what an observation still found after one ``up``. ``preview`` and ``repair``: its and their seconds.
    """

    made: int
    kinds: int
    found: int
    invented: int
    left: int
    preview: float
    repair: float
    load: float


def render_edits(edits: Edits) -> str:
    """One line of words for each figure."""
    pairs = (
        ("hand edits made", f"{edits.made}, of {edits.kinds} kinds"),
        ("found by one preview", f"{edits.found} in {edits.preview:.1f} s"),
        ("found that nobody made", str(edits.invented)),
        ("repaired by one up", f"{edits.made - edits.left} in {edits.repair:.1f} s"),
        ("load", f"{edits.load:.1f}"),
    )
    return "\n".join(f"{name:<24}{value}" for name, value in pairs)
