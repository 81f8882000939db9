"""Medians and ratios of the measurements, and the table that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cases import TITLES, Case, Sample

OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case with one tool at one distance.

    ``seconds``: median; ``least`` and ``most`` bound it. ``ratio``: this median divided by ours, None where ours was
    not measured. ``connections`` and ``channels``: medians.
    """

    round_trip: int
    case: Case
    tool: str
    count: int
    seconds: float
    least: float
    most: float
    ratio: float | None
    connections: float
    channels: float


def rows(samples: Iterable[Sample]) -> list[Row]:
    """Sum up, in the order of distance, case and first appearance of the tool."""
    groups: dict[tuple[int, Case, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.round_trip, sample.case, sample.tool), []).append(sample)
    medians = {key: median(s.seconds for s in group) for key, group in groups.items()}
    tools = list(dict.fromkeys(tool for _, _, tool in groups))
    cases = list(Case)
    ordered = sorted(groups, key=lambda key: (key[0], cases.index(key[1]), tools.index(key[2])))
    return [_row(key, groups[key], medians) for key in ordered]


def _row(
    key: tuple[int, Case, str], group: Sequence[Sample], medians: dict[tuple[int, Case, str], float]
) -> Row:
    round_trip, case, tool = key
    ours = medians.get((round_trip, case, OURS))
    times = [sample.seconds for sample in group]
    return Row(
        round_trip=round_trip,
        case=case,
        tool=tool,
        count=len(group),
        seconds=medians[key],
        least=min(times),
        most=max(times),
        ratio=medians[key] / ours if ours else None,
        connections=median(sample.connections for sample in group),
        channels=median(sample.channels for sample in group),
    )


_HEADINGS = ("case", "tool", "runs", "median", "least", "most", "/ ours", "connections", "channels")


def render(summary: Sequence[Row]) -> str:
    """The table as text: a block for each distance. ``/ ours``: how many times as long as this project."""
    blocks = []
    for round_trip in dict.fromkeys(row.round_trip for row in summary):
        lines = [_cells(row) for row in summary if row.round_trip == round_trip]
        blocks.append(f"{round_trip} ms added to the round trip\n{aligned([_HEADINGS, *lines])}")
    return "\n\n".join(blocks)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        TITLES[row.case],
        row.tool,
        str(row.count),
        *(f"{seconds:.1f} s" for seconds in (row.seconds, row.least, row.most)),
        "-" if row.ratio is None else f"{row.ratio:.1f}",
        f"{row.connections:g}",
        f"{row.channels:g}",
    )


def aligned(lines: Sequence[Sequence[str]], *, words: int = 2) -> str:
    """Columns of equal width: the first ``words`` to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < words else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
