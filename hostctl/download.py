"""Fetching an artifact from its address: whatever a server does instead of answering, it ends, and says why.

A module of its own: what it imports costs more than the rest of the program, and few units fetch.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from hostctl.errors import NO_ROOM, HostError
from hostctl.report import progress
from hostctl.room import MIB

SILENCE = 30.0
"""Seconds that a server may send nothing: while it is connected to, before it answers, in the middle of the file."""

LONGEST = 900.0
"""Seconds for the whole file: half of what a unit has, so that it fails with its own reason."""

TOLD_EVERY = 10.0
BLOCK = 1 << 20
UNREACHABLE = "the host must reach the artifact's address: curl -I on the host, then pulumi up"
NOT_THERE = "correct the artifact's url in the settings, or publish the artifact there"
BROKEN_OFF = "pulumi up tries again; if it stays so, look at the artifact's server"


def fetch(
    url: str,
    target: Path,
    announced: Callable[[int], None],
    *,
    silence: float = SILENCE,
    longest: float = LONGEST,
) -> None:
    """Write what ``url`` answers to ``target``. ``announced``: gets its size in bytes before the first one, or 0.

    A whole file or :class:`HostError`; what was written until then is the caller's to remove.
    """
    progress(f"  fetching {url}")
    deadline = time.monotonic() + longest
    try:
        with urllib.request.urlopen(url, timeout=silence) as answer:
            length = answer.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else 0
            announced(size)
            got = _copy(answer, target, size, deadline)
    except urllib.error.HTTPError as error:
        raise HostError(
            f"{url}: the server answers {error.code} {error.reason}",
            hint=NOT_THERE if error.code in (401, 403, 404, 410) else BROKEN_OFF,
        ) from None
    except TimeoutError:
        raise HostError(f"{url}: the server sent nothing for {silence:g} s", hint=BROKEN_OFF) from None
    except http.client.HTTPException as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise HostError(f"{url}: the server broke off: {words}", hint=BROKEN_OFF) from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        if error.errno in NO_ROOM:
            raise
        if isinstance(reason, TimeoutError):
            raise HostError(f"{url}: no answer within {silence:g} s", hint=UNREACHABLE) from None
        raise HostError(f"{url}: {reason}", hint=UNREACHABLE) from None
    if got is None:
        raise HostError(f"{url}: not fetched within {longest:g} s", hint=BROKEN_OFF)
    if got < size:
        raise HostError(f"{url}: broken off after {got} of {size} bytes", hint=BROKEN_OFF)


def _copy(answer: http.client.HTTPResponse, target: Path, size: int, deadline: float) -> int | None:
    """Bytes that came; None if time ran out."""
    got, told = 0, time.monotonic()
    with target.open("wb") as file:
        # one read of what is there, not until a block is full: a server that drips would never be noticed
        while block := answer.read1(min(BLOCK, size - got) if size else BLOCK):
            file.write(block)
            got += len(block)
            now = time.monotonic()
            if now > deadline:
                return None
            if now - told >= TOLD_EVERY:
                progress(f"  {got / MIB:.0f} MiB{f' of {size / MIB:.0f}' if size else ''}")
                told = now
            if size and got >= size:
                break
    return got
