"""What other units want to be told of when it fails: a file for the notifier, and a line for their own units. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from components.naming import CONFIG_ROOT
from components.unit import File


def sources(environment: str) -> str:
    """The folder in which the notifier finds what to look at."""
    return f"{CONFIG_ROOT}/{environment}/alerts.d"


def on_failure(environment: str) -> str:
    """``OnFailure=`` of a unit that is watched: it is looked at as soon as it fails."""
    return f"dhanman-notify-{environment}.service"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One thing that may fail; see :class:`notifier.sources.Source` for what each field means to the notifier.

    ``name``: unique on the host. ``units``, ``timers``: systemd units. ``report``: path on the host. ``max_age``
    (seconds). ``schedule``: a systemd calendar.
    """

    name: str
    title: str
    next_step: str
    units: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    report: str | None = None
    max_age: int | None = None
    schedule: str | None = None

    def file(self, environment: str) -> File:
        """The file, for the unit that is responsible."""
        content = {
            "name": self.name,
            "title": self.title,
            "next_step": self.next_step,
            "units": list(self.units),
            "timers": list(self.timers),
            "report": self.report,
            "max_age": self.max_age,
            "schedule": self.schedule,
        }
        return File(
            path=f"{sources(environment)}/{self.name}.json", content=json.dumps(content, indent=2) + "\n"
        )
