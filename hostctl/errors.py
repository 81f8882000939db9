"""The one exception that people see, and the words it needs."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

NEXT = "correct the cause on the host, then run the same command again"
"""The next step where an error knows no better one: every error has one."""

ROOM = "make room on the host (df -h, df -i), then pulumi up"
"""The next step where a file system has neither blocks nor inodes left."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class HostError(Exception):
    """A step that failed: ``what`` in one line, ``details`` the tool's own last words, ``hint`` the next step.

    ``where``: the unit and the host, filled in where both are known.
    """

    def __init__(self, what: str, *, details: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.details = details
        self.hint = hint or NEXT
        self.where = ""


class Conflict(HostError):
    """Something is on the host that this program did not make and that differs from what is wanted."""


class StillNeeded(HostError):
    """A thing that can't go yet, since data that stays depends on it; it is kept and named, which is no failure."""


def plain(error: BaseException) -> HostError:
    """Any error as one for people. The text of an unexpected one may hold a value, so only its place is said."""
    if isinstance(error, HostError):
        return error
    if isinstance(error, OSError) and error.strerror:
        what = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
        return HostError(what, hint=ROOM if error.errno in NO_ROOM else "")
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return HostError(f"internal error: {type(error).__name__}{place}", hint="report this line")
