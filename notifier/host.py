"""What the host knows: how its units are, when a calendar elapses, how long it has been up."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "Result",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "InactiveEnterTimestamp",
)
# no TZ: schedules are in the host's time zone
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
LIMIT = 30
"""Seconds that systemd may take to answer."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A systemd unit. ``started``, ``ended``: seconds since the epoch, 0 where it has not in this boot."""

    name: str
    load: str = "loaded"
    active: str = "inactive"
    result: str = "success"
    status: int = 0
    started: float = 0
    ended: float = 0


def units(names: Sequence[str]) -> dict[str, Unit]:
    """How each of the units is, in one question."""
    if not names:
        return {}
    done = subprocess.run(
        ["systemctl", "show", "--timestamp=unix", f"--property={','.join(_PROPERTIES)}", "--", *names],
        capture_output=True, text=True, check=True, timeout=LIMIT, env=_ENVIRONMENT,
    )  # fmt: skip
    return parsed(names, done.stdout)


def parsed(names: Sequence[str], text: str) -> dict[str, Unit]:
    """The answer of ``systemctl show``: a block for each unit, in the order of the question."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    if len(blocks) != len(names):
        raise ValueError("systemctl answers for another number of units")
    found = {}
    for name, block in zip(names, blocks, strict=True):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        found[name] = Unit(
            name=name,
            load=values.get("LoadState", ""),
            active=values.get("ActiveState", ""),
            result=values.get("Result", "success"),
            status=int(values.get("ExecMainStatus") or 0),
            started=_seconds(values.get("ExecMainStartTimestamp", "")),
            ended=_seconds(values.get("InactiveEnterTimestamp", "")),
        )
    return found


def _seconds(text: str) -> float:
    match = re.fullmatch(r"@(\d+)", text)
    return float(match[1]) if match else 0


def elapses(calendar: str, after: float) -> float | None:
    """When the calendar elapses first after a time (both in seconds since the epoch); None: never, or it is wrong."""
    done = subprocess.run(
        ["systemd-analyze", "calendar", f"--base-time=@{after:.0f}", calendar],
        capture_output=True, text=True, check=False, timeout=LIMIT, env=_ENVIRONMENT,
    )  # fmt: skip
    match = re.search(r"\(in UTC\): \w{3} (\S+ \S+) UTC", done.stdout) or re.search(
        r"Next elapse: \w{3} (\S+ \S+) UTC", done.stdout
    )
    return _utc(match[1]) if match else None


def _utc(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def uptime() -> float:
    """Seconds since the host was started."""
    return float(Path("/proc/uptime").read_text().split()[0])
