"""Running programs, locking files, waiting for conditions: the three ways this package touches the system."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from testbed.errors import TestbedError

POLL_SECONDS = 0.02


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    check: bool = True,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its output.

    Raises ``TestbedError`` with the program's own last line if it is missing, or fails while ``check`` holds.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=cwd,
            env=env,
        )
    except FileNotFoundError as error:
        raise TestbedError(f"{argv[0]} is not installed on this machine") from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise TestbedError(f"{' '.join(argv[:6])} failed with status {done.returncode}: {said}")
    return done


def find(program: str) -> str | None:
    """Where a program is: on the path, or in the folders for administrators, which it may lack."""
    return shutil.which(program) or shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin")


def missing(programs: Sequence[str]) -> list[str]:
    """The programs that are not there."""
    return [name for name in programs if not find(name)]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; wait for whoever has it. A process that ends gives its locks up."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait_until(condition: Callable[[], object], seconds: float, *, pause: float = POLL_SECONDS) -> bool:
    """Ask ``condition`` until it holds or the time is over; return whether it holds. ``pause``: seconds between."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
