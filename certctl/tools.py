"""Running the host's own programs, without a shell and with a time limit; writing files as a whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from certctl.errors import Failure

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}
LAST_LINES = 12
"""Lines of a failed program's words that are shown."""


def run(
    *argv: str,
    check: bool = True,
    limit: float = 60,
    next_step: str = "correct the cause, then try again",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program. Raises :class:`Failure` with its last words if it fails and ``check``, or takes too long."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            env=ENVIRONMENT | dict(environment or {}), cwd="/", timeout=limit, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Failure(f"{argv[0]} is not on the host", "pulumi up installs what is missing") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"{argv[0]}: no end after {limit:.0f} s", next_step) from None
    if check and done.returncode != 0:
        what = f"{' '.join(argv)[:160]}: exit status {done.returncode}"
        raise Failure(what, next_step, last_words(done.stdout + "\n" + done.stderr))
    return done


def last_words(text: str) -> str:
    """The end of what a program said, without empty lines."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-LAST_LINES:])


def write(path: Path, text: str, mode: int) -> None:
    """Replace a file as a whole."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def lock(path: Path, limit: float = 600) -> Iterator[None]:
    """Hold a lock that ends with its process; who comes second waits, for ``limit`` seconds at most."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + limit
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failure("another run has not ended", "wait until it has, then try again") from None
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
