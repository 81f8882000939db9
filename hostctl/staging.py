"""A private view of the host in which the new files are already in place, for the programs that validate them.

A child process gets a mount namespace of its own and overlays over some folders whose upper layers lie in
memory. There the unit's files are written as they will be written later, and ``nginx -t``, ``sshd -t`` and the like
judge exactly what they will read. When the child ends the view is gone; nothing of it ever touched the real folders.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostctl.errors import HostError
from hostctl.run import run, shown

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SCRATCH = Path("/run/dhanman-stage")
STAGED = ("/etc", "/opt", "/usr/local")
"""The folders that the view covers: configuration, links to releases that units start from, our own scripts."""


def is_staged(path: str) -> bool:
    """Whether the view covers the path."""
    return path.startswith(tuple(f"{root}/" for root in STAGED))


def validate(put_in_place: Callable[[], None], validations: list[list[str]]) -> None:
    """Run the validations where ``put_in_place`` has been done; nothing of it stays. A refusal raises."""
    SCRATCH.mkdir(mode=0o700, exist_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(writing, put_in_place, validations)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        raise HostError(
            f"the staging process ended with status {status}", hint="run again; report this if it stays"
        )
    verdict: dict[str, Any] = json.loads(answer)
    if verdict["what"]:
        raise HostError(verdict["what"], details=verdict["details"], hint=verdict["hint"])


def _in_child(writing: int, put_in_place: Callable[[], None], validations: list[list[str]]) -> None:
    verdict = {"what": "", "details": "", "hint": ""}
    try:
        _private_view()
        put_in_place()
        for argv in validations:
            try:
                run(argv, timeout=60)
            except HostError as error:
                raise HostError(
                    f"validation failed: {shown(argv)}",
                    details=error.details or f"    {error.what}",
                    hint="correct the setting that this text comes from, then pulumi up",
                ) from None
    except HostError as error:
        verdict = {"what": error.what, "details": error.details, "hint": error.hint}
    except Exception as error:  # the parent turns it into one plain line; a child must not unwind further
        verdict = {"what": f"staging failed: {error}", "details": "", "hint": "the host needs overlayfs"}
    with os.fdopen(writing, "w") as stream:
        stream.write(json.dumps(verdict))
    sys.stdout.flush()
    os._exit(0)


def _private_view() -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def call(what: str, status: int) -> None:
        if status != 0:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    call("unshare", libc.unshare(CLONE_NEWNS))
    call("mount", libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    call("mount tmpfs", libc.mount(b"tmpfs", str(SCRATCH).encode(), b"tmpfs", 0, b"mode=0700"))
    for root in STAGED:
        upper, work = SCRATCH / f"upper{root}", SCRATCH / f"work{root}"
        for folder in (upper, work):
            folder.mkdir(mode=0o755, parents=True)
        options = f"lowerdir={root},upperdir={upper},workdir={work}"
        call(
            f"mount overlay on {root}", libc.mount(b"overlay", root.encode(), b"overlay", 0, options.encode())
        )
