"""Running the host's own programs, as ``postgres`` where they are PostgreSQL's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from backupctl.errors import Failure

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
}


def prefer(programs: Path) -> None:
    """Find PostgreSQL's programs in this folder: those of the cluster's own version, without Debian's wrapper."""
    ENVIRONMENT["PATH"] = f"{programs}:{ENVIRONMENT['PATH']}"


LAST_LINES = 10
"""Lines of a failed program's words that are shown."""


def say(text: str) -> None:
    """Progress, in plain words, at once; work goes on when nobody listens any more."""
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


def run(
    *argv: str, stdin: str = "", check: bool = True, timeout: float = 86400, next_step: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program without a shell. Raises :class:`Failure` with its last words if it fails and ``check``."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, errors="replace",
            env=ENVIRONMENT, cwd="/", timeout=timeout, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Failure(f"{argv[0]} is not on the host", "pulumi up installs what is missing") from None
    except subprocess.TimeoutExpired:
        raise Failure(
            f"{argv[0]}: no end after {timeout:.0f} s", next_step or "look at the host's load"
        ) from None
    if check and done.returncode != 0:
        words = last_words(done)
        raise Failure(
            f"{' '.join(argv)[:160]}: exit status {done.returncode}", next_step or "correct the cause", words
        )
    return done


def pipe(first: tuple[str, ...], second: tuple[str, ...], *, next_step: str) -> None:
    """Run two programs, the second one reading what the first one writes. Raises :class:`Failure` if one fails."""
    with (
        tempfile.TemporaryFile("w+", errors="replace") as said,
        subprocess.Popen(first, stdout=subprocess.PIPE, stderr=said, env=ENVIRONMENT, cwd="/") as writer,
    ):
        done = subprocess.run(
            second, stdin=writer.stdout, capture_output=True, text=True, errors="replace",
            env=ENVIRONMENT, cwd="/", check=False,
        )  # fmt: skip
        assert writer.stdout is not None
        # one that still writes learns that nobody reads
        writer.stdout.close()
        writer.wait()
        said.seek(0)
        words = said.read()
    if done.returncode != 0:
        raise Failure(f"{' '.join(second)[:160]}: exit status {done.returncode}", next_step, last_words(done))
    if writer.returncode != 0:
        raise Failure(f"{' '.join(first)[:160]}: exit status {writer.returncode}", next_step, words[-1000:])


def as_postgres(*argv: str) -> tuple[str, ...]:
    """The command as user ``postgres`` runs it."""
    return argv if os.geteuid() != 0 else ("runuser", "-u", "postgres", "--", *argv)


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what a program said, without empty lines."""
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])


@contextlib.contextmanager
def lock(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock that ends with its process. Raises :class:`Failure` with ``busy`` if another one holds it."""
    if not path.parent.exists():
        # on a new host nothing has run yet whose StateDirectory= it is
        path.parent.mkdir(mode=0o755)
        if os.geteuid() == 0:
            shutil.chown(path.parent, "postgres", "postgres")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        if os.geteuid() == 0:
            # whoever runs the timers must be able to take it as well
            folder = path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(busy, "wait until it has ended, then try again") from None
        yield
    finally:
        os.close(descriptor)


def wait(until: Callable[[], bool], limit: float, pause: float = 0.2) -> bool:
    """Whether the condition came true within ``limit`` seconds."""
    end = time.monotonic() + limit
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def moment(seconds: float) -> str:
    """A time as people and programs read it, in UTC: ``2026-11-23T02:00:00Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def complain(failure: Failure) -> int:
    """Print a failure: what, the last words of who failed, what to do."""
    print(f"error: {failure.what}", file=sys.stderr)
    for line in failure.details.splitlines():
        print(f"    {line}", file=sys.stderr)
    print(f"next: {failure.next_step}", file=sys.stderr, flush=True)
    return 1
