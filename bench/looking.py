"""What it costs to look at hosts, how that grows with their number, and what is found by it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from bench.errors import BenchError
from bench.figures import Edits, Part, Step
from bench.fleet import Fleet
from bench.hand_edits import EDITS
from scripts.drift import findings


def previews(fleet: Fleet, round_trips: Sequence[int], runs: int) -> None:
    """Previews of one converged host that look at it and that do not, taking turns."""
    fleet.part = Part.LOOKING
    fleet.add(1)
    for round_trip in round_trips:
        fleet.distance(round_trip)
        for _ in range(runs):
            fleet.measure(Step.BLIND_PREVIEW, fleet.project.preview(DHANMAN_OBSERVE="no"), changed=0)
            fleet.measure(Step.PREVIEW, fleet.project.preview(), changed=0)


def by_hosts(fleet: Fleet, counts: Sequence[int], round_trip: int, runs: int) -> None:
    """A preview, a run with nothing to do and one changed value, with more and more hosts."""
    fleet.part = Part.HOSTS
    fleet.distance(round_trip)
    for count in sorted(counts):
        fleet.add(count)
        for _ in range(runs):
            fleet.measure(Step.PREVIEW, fleet.project.preview(), changed=0)
            fleet.measure(Step.AGAIN, fleet.project.up(), changed=0)
            fleet.change()


def hand_edits(fleet: Fleet) -> Edits:
    """Edit the host in every way of the list, look once, repair by one run, look again."""
    fleet.part = Part.EDITS
    fleet.distance(0)
    fleet.add(1)
    if left := _look(fleet)[0]:
        raise BenchError(f"the host differs before anybody edited it: {'; '.join(left[:10])}")
    load = os.getloadavg()[0]
    fleet.first.run("set -e\n" + "\n".join(edit.command for edit in EDITS))
    found, preview = _look(fleet)
    repair = fleet.measure(Step.REPAIR, fleet.project.up()).seconds
    return Edits(
        made=len(EDITS),
        kinds=len({edit.difference.partition(":")[0] for edit in EDITS}),
        found=sum(any(text.startswith(edit.difference) for text in found) for edit in EDITS),
        invented=sum(not any(text.startswith(edit.difference) for edit in EDITS) for text in found),
        left=len(_look(fleet)[0]),
        preview=preview,
        repair=repair,
        load=round(load, 2),
    )


def _look(fleet: Fleet) -> tuple[list[str], float]:
    """Every difference that a preview reports, and its seconds."""
    report = fleet.folder / "report.json"
    report.unlink(missing_ok=True)
    figure = fleet.measure(Step.LOOK, fleet.project.preview(DHANMAN_DRIFT_REPORT=str(report)))
    return [
        finding.text for finding in findings(json.loads(report.read_text(encoding="utf-8")))
    ], figure.seconds
