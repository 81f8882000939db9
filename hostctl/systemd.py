"""Asking and telling systemd."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from hostctl.errors import HostError
from hostctl.log_files import LogFiles
from hostctl.report import LINES, tail
from hostctl.run import run

_SHOW = ["systemctl", "show", "--property=LoadState,ActiveState,SubState,UnitFileState,NRestarts,DropInPaths"]
_known: dict[str, dict[str, str]] = {}


def properties(unit: str) -> dict[str, str]:
    """``LoadState``, ``ActiveState``, ``SubState``, ``UnitFileState`` and ``DropInPaths`` of a unit."""
    return _known.get(unit) or _parse(run([*_SHOW, unit]).stdout)


@contextlib.contextmanager
def asked_at_once(units: Iterable[str]) -> Iterator[None]:
    """Inside, :func:`properties` of these units answers from one call; only for what changes nothing meanwhile."""
    # what somebody further out asked stays known to the end of theirs
    names = sorted(set(units) - _known.keys())
    try:
        if names:
            # one block for each unit, in their order, with an empty line between them
            blocks = run([*_SHOW, *names]).stdout.strip("\n").split("\n\n")
            if len(blocks) == len(names):
                _known.update(zip(names, map(_parse, blocks), strict=True))
        yield
    finally:
        for name in names:
            _known.pop(name, None)


def _parse(shown: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def tell(verb: str, unit: str, logs: LogFiles | None = None, *, timeout: float = 180) -> None:
    """``systemctl verb unit``; a refusal is told with the unit's last words (``logs``: files beside the journal)."""
    done = run(["systemctl", verb, unit], check=False, timeout=timeout)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise HostError(
            f"systemctl {verb} {unit}: {said[0] if said else 'failed'}",
            details="\n".join(filter(None, [last_words(unit), logs.words() if logs else ""])),
            hint=f"on the host: systemctl status {unit}",
        )


def last_words(unit: str) -> str:
    """The last lines of a unit's journal, for an error message."""
    journal = run(
        ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--lines={LINES}", f"--unit={unit}"],
        check=False,
        timeout=20,
    ).stdout
    return tail(journal, 8)
