"""Exposure of the servers' units by ``systemd-analyze security``: 0 is closed, 10 open."""

from __future__ import annotations

import json
from collections.abc import Mapping

from audit.verdict import Verdict

SERVICE = 1.5
SERVER = 4.0
COMMAND = "systemd-analyze security --no-pager --json=short"
"""Prints each loaded unit with its exposure."""


def aims(slots: Mapping[str, str], postgres: str) -> dict[str, float]:
    """The units that are looked at, with what they may have. ``slots``: the unit that serves, by service."""
    return {
        **dict.fromkeys(slots.values(), SERVICE),
        **dict.fromkeys(("nginx.service", postgres, "rabbitmq-server.service"), SERVER),
    }


def verdicts(said: str, wanted: Mapping[str, float]) -> list[Verdict]:
    """From the command's output. A unit that it does not name falls short."""
    found = {row["unit"]: float(row["exposure"]) for row in json.loads(said)}
    return [
        Verdict(
            auditor="systemd-analyze",
            subject=unit,
            aim=f"{aim} at most",
            found=str(found.get(unit, "not loaded")),
            passed=unit in found and found[unit] <= aim,
        )
        for unit, aim in wanted.items()
    ]
