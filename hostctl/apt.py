"""apt-get: patient with whoever else is at work, and with a next step for what goes wrong most often."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from hostctl.errors import ROOM, HostError
from hostctl.report import progress
from hostctl.run import run

LISTS = Path("/var/lib/apt/lists")
LOCK_SECONDS = 300
"""How long another program may hold apt's locks: unattended-upgrades takes minutes, a first boot's as well."""

INDEX_AGE = 24 * 3600.0
"""Seconds after which the package index is read again before an installation."""

MIRROR_SECONDS = 20
"""How long a mirror that fails is asked again: it may be synchronizing, or the network of a new server coming up."""

PAUSE = 1.0
"""Seconds between two looks at the lock on the index."""

MIRROR_PAUSE = 5.0
"""Seconds between two tries at a mirror, each of which apt-get repeats by itself."""

MIRRORS = "the host must reach its package mirrors: look at its network, DNS and proxy, then pulumi up"
OTHERS = "another program is installing packages on the host: wait until it has ended, then pulumi up"

_APT = (
    "apt-get",
    "--yes",
    "--quiet=2",
    f"--option=DPkg::Lock::Timeout={LOCK_SECONDS}",
    "--option=Acquire::Retries=3",
)
_LOCKED = ("Could not get lock", "Unable to acquire the dpkg frontend lock")
_FETCH = ("Failed to fetch", "Temporary failure resolving", "Hash Sum mismatch", "Some index files failed")
_GONE = ("404  Not Found", "does not have a Release file", "NO_PUBKEY")
_FULL = ("No space left on device", "enough free space")


def apt_get(*arguments: str, timeout: float = 300, hint: str = "") -> None:
    """Run apt-get, ``timeout`` seconds at most beside the wait for its locks.

    A failure raises :class:`HostError` with the next step that apt-get's words call for, else with ``hint``.
    """
    began = time.monotonic()
    told: set[str] = set()
    while True:
        try:
            run([*_APT, *arguments], timeout=timeout + LOCK_SECONDS)
            return
        except HostError as error:
            waited = time.monotonic() - began
            # DPkg::Lock::Timeout does not wait for the lock on the index
            if _says(error, _LOCKED) and waited <= LOCK_SECONDS:
                words, pause = "waiting for another program that holds apt's lock", PAUSE
            elif _may_pass(error) and waited <= MIRROR_SECONDS:
                words, pause = "a package mirror failed: trying again", MIRROR_PAUSE
            else:
                raise HostError(error.what, details=error.details, hint=_next_step(error, hint)) from None
        if words not in told:
            progress(f"  {words}")
            told.add(words)
        time.sleep(pause)


def _may_pass(error: HostError) -> bool:
    return _says(error, _FETCH) and not _says(error, (*_GONE, *_FULL))


def _says(error: HostError, signs: tuple[str, ...]) -> bool:
    return any(sign in error.details for sign in signs)


def _next_step(error: HostError, hint: str) -> str:
    if _says(error, _LOCKED):
        return OTHERS
    if _says(error, _FULL):
        return ROOM
    return hint or (MIRRORS if _says(error, ("Failed to fetch",)) else "")


def read_index() -> None:
    """Read the package index anew."""
    apt_get("update", "--error-on=any", hint=MIRRORS)


_as_it_is: list[bool] = []


@contextlib.contextmanager
def index_as_it_is() -> Iterator[None]:
    """Inside, :func:`refresh_index` does nothing: who looks changes nothing, and does not wait for mirrors."""
    _as_it_is.append(True)
    try:
        yield
    finally:
        _as_it_is.pop()


def refresh_index() -> None:
    """Read the package index if there is none or it is older than a day, unless somebody only looks."""
    if _as_it_is:
        return
    if not list(LISTS.glob("*_InRelease")) or time.time() - LISTS.stat().st_mtime > INDEX_AGE:
        read_index()
