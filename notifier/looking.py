"""How a source is: what is wrong with it now, from its report, its units, its timers and its schedule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from notifier.host import Unit
from notifier.sources import Source

GRACE = 3 * 3600.0
"""Seconds after which work that was due counts as late: the jitter of its timer, and time to do it."""
IDLE_TIMER = 90.0
"""Seconds that a timer may stand still: a deployment restarts it."""
LONGEST = 300
"""Characters of one problem that are told."""
TOLD_ITSELF = 1
"""Exit status of a program that has written into its report what went wrong."""

Memory = dict[str, Any]
"""What is remembered of a source from look to look, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """``now``: seconds since the epoch. ``uptime``: seconds that the host is up.

    ``elapses``: see :func:`notifier.host.elapses`.
    """

    now: float
    uptime: float
    units: Mapping[str, Unit]
    elapses: Callable[[str, float], float | None]


def look(source: Source, memory: Memory, moment: Moment) -> list[str]:
    """What is wrong, each in a line; ``memory`` is kept up."""
    memory.setdefault("first_seen", moment.now)
    report, problems = _read(source)
    told = _at(report)
    if report.get("result") == "ok":
        memory["succeeded"] = told or moment.now
    problems += _late(source, memory, moment, told)
    own = _units(source, memory, moment, told)
    # what a run says of itself says more than that it failed
    return [problem[:LONGEST] for problem in (problems or own)] + _timers(source, memory, moment)


def _read(source: Source) -> tuple[dict[str, Any], list[str]]:
    if source.report is None or not source.report.exists():
        return {}, []
    try:
        report: dict[str, Any] = json.loads(source.report.read_text())
        if report["result"] == "ok":
            return report, []
        lines = [str(problem).splitlines()[0] for problem in report["problems"] if str(problem).strip()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}, [f"{source.report} can't be read"]
    return report, lines or ["it failed, and does not say why"]


def _at(report: dict[str, Any]) -> float:
    try:
        return datetime.strptime(report["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except (LookupError, ValueError, TypeError):
        return 0


def _late(source: Source, memory: Memory, moment: Moment, told: float) -> list[str]:
    since: float = memory["first_seen"]
    # nobody works while the host is off
    if source.max_age is not None:
        silent = min(moment.now - (told or since), moment.uptime)
        if silent > source.max_age:
            return [f"nothing was reported for {_long(silent)}: {', '.join(source.units)} does not run"]
    running = any(moment.units[unit].active == "activating" for unit in source.units)
    if source.schedule is None or running:
        return []
    base: float = memory.get("succeeded", since)
    if memory.get("due", {}).get("of") != [source.schedule, base]:
        memory["due"] = {"of": [source.schedule, base], "at": moment.elapses(source.schedule, base)}
    due: float | None = memory["due"]["at"]
    if due is None or min(moment.now - due, moment.uptime) <= GRACE:
        return []
    last = f"the last success was {_clock(base)}" if "succeeded" in memory else "it has never succeeded"
    return [f"late: due since {_clock(due)}, {last}"]


def _units(source: Source, memory: Memory, moment: Moment, told: float) -> list[str]:
    """Units that failed. One of which this boot knows nothing, or that is at work, is as it was."""
    known: dict[str, str] = memory.setdefault("units", {})
    for name in source.units:
        unit = moment.units[name]
        if unit.load == "not-found":
            known[name] = f"{name} is not on the host"
        elif unit.active == "failed":
            # one that ended as programs end which have told why; an older report is not of this run
            spoke = unit.result == "exit-code" and unit.status == TOLD_ITSELF and 0 < unit.started <= told
            if spoke:
                known.pop(name, None)
            else:
                known[name] = f"{name} failed ({unit.result})"
        elif unit.active == "active" or (unit.active == "inactive" and unit.ended):
            known.pop(name, None)
    return [known[name] for name in source.units if name in known]


def _timers(source: Source, memory: Memory, moment: Moment) -> list[str]:
    idle: dict[str, float] = memory.setdefault("idle", {})
    for name in source.timers:
        if moment.units[name].active == "active":
            idle.pop(name, None)
        else:
            idle.setdefault(name, moment.now)
    return [
        f"{name} does not run, so nothing is started"
        for name in source.timers
        if moment.now - idle.get(name, moment.now) >= IDLE_TIMER
    ]


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _long(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"
