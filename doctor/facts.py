"""What a host says of itself: the question, and its answer as typed facts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.remote.session import Question
from doctor import listeners
from doctor.listeners import Listener

QUESTION_LIMIT = 45.0
"""Seconds: the script's own limits, one after the other, on a host where half of the tools hang."""

_SCRIPT = Path(__file__).resolve().parent / "files/facts.sh"
_KIB = 1024


class FactsError(Exception):
    """The answer is none; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Filesystem:
    """One mounted filesystem. Sizes in bytes; ``available`` to ordinary users. ``inodes`` is 0 where it counts none."""

    mount: str
    size: int
    used: int
    available: int
    inodes: int = 0
    inodes_free: int = 0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One host, at one moment.

    ``began`` and ``ended``: its clock (seconds since 1970) when it started and stopped answering. ``root``: whether we
    may do what root may. ``memory`` and ``swap`` in bytes. ``synchronised``: None if it can't tell. ``reboot``: the
    packages that wait for one, None without such a wish. ``hostctl``: version that is installed. ``journals``,
    ``armed``, ``reverted``: names of units. ``differences``: of each unit from what was applied, None if not asked.
    """

    began: float
    ended: float
    root: bool
    os_id: str
    os_version: str
    os_name: str
    memory: int
    swap: int
    cores: int
    synchronised: bool | None
    container: bool
    filesystems: tuple[Filesystem, ...]
    failed: tuple[str, ...]
    reboot: str | None
    listeners: tuple[Listener, ...]
    hostctl: str | None
    journals: tuple[str, ...]
    armed: tuple[str, ...]
    reverted: tuple[str, ...]
    differences: Mapping[str, tuple[str, ...]] | None


def question() -> Question:
    """What is asked of every host."""
    return Question(command="sh -s", stdin=_SCRIPT.read_bytes(), limit=QUESTION_LIMIT)


def parse(text: str) -> Facts:
    """The facts in an answer. Raises :class:`FactsError`."""
    said: dict[str, list[str]] = defaultdict(list)
    for line in text.split("\n"):
        key, _, value = line.partition(" ")
        said[key].append(value.strip())
    if not said["ended"]:
        raise FactsError("the host broke off in the middle of its answer")
    try:
        return _facts(said)
    except (ValueError, IndexError) as error:
        raise FactsError(f"the host's answer is not understood ({type(error).__name__})") from None


def _facts(said: Mapping[str, list[str]]) -> Facts:
    def last(key: str) -> str:
        return (said.get(key) or [""])[-1]

    def names(key: str) -> tuple[str, ...]:
        return tuple(said.get(key) or ())

    return Facts(
        began=float(last("began")),
        ended=float(last("ended")),
        root=last("root") == "yes",
        os_id=last("os-id"),
        os_version=last("os-version"),
        os_name=last("os-name"),
        memory=int(last("memory")) * _KIB,
        swap=int(last("swap") or 0) * _KIB,
        cores=int(last("cores")),
        synchronised={"yes": True, "no": False}.get(last("synchronised")),
        container=last("container") not in ("", "none"),
        filesystems=_filesystems(said),
        failed=names("failed"),
        reboot=said["reboot"][-1] if said.get("reboot") else None,
        listeners=tuple(_listener(value) for value in names("listen")),
        hostctl=last("hostctl") or None,
        journals=names("journal"),
        armed=names("armed"),
        reverted=names("reverted"),
        differences=_differences(last("observed")),
    )


def _filesystems(said: Mapping[str, list[str]]) -> tuple[Filesystem, ...]:
    inodes = {}
    for value in said.get("inodes") or ():
        files, files_free, mount = value.split(" ", 2)
        inodes[mount] = (_number(files), _number(files_free))
    found = {}
    for value in said.get("disk") or ():
        size, used, available, mount = value.split(" ", 3)
        total, free = inodes.get(mount, (0, 0))
        found[mount] = Filesystem(
            mount=mount,
            size=int(size) * _KIB,
            used=int(used) * _KIB,
            available=int(available) * _KIB,
            inodes=total,
            inodes_free=free,
        )
    return tuple(found.values())


def _number(text: str) -> int:
    # df prints a dash where a filesystem counts no inodes
    return int(text) if text.isdigit() else 0


def _listener(value: str) -> Listener:
    protocol, where, *users = value.split(" ", 2)
    return listeners.parse(protocol, where, "".join(users))


def _differences(text: str) -> Mapping[str, tuple[str, ...]] | None:
    try:
        units: dict[str, Any] = json.loads(text)["units"]
        return {name: tuple(map(str, unit["differences"])) for name, unit in units.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
