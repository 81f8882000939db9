"""Running the host's own tools: argument lists, never a shell; every one with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from hostctl.errors import HostError
from hostctl.report import tail

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
    # needrestart would restart services in the middle of a transaction (Ubuntu installs it by default)
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
}


GRACE = 5.0
"""Seconds between asking a tool to end and making it."""


def run(
    argv: list[str],
    *,
    stdin: str = "",
    timeout: float = 300,
    check: bool = True,
    hint: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command; its output is captured. A failure raises :class:`HostError` with its last words."""
    kept = {k: v for k, v in os.environ.items() if k.endswith("_proxy") or k.endswith("_PROXY")}
    try:
        done = _communicate(argv, stdin, timeout, ENVIRONMENT | kept)
    except FileNotFoundError:
        if not check:
            return subprocess.CompletedProcess(argv, 127, "", f"{argv[0]}: not found")
        raise HostError(f"{argv[0]} is not on the host", hint=hint) from None
    except subprocess.TimeoutExpired as error:
        words = error.stderr or error.stdout or b""
        text = words.decode(errors="replace") if isinstance(words, bytes) else words
        raise HostError(
            f"{shown(argv)}: no end after {timeout:.0f} s", details=tail(text), hint=hint
        ) from None
    if check and done.returncode != 0:
        raise HostError(
            f"{shown(argv)}: exit status {done.returncode}",
            details=tail(done.stdout + "\n" + done.stderr),
            hint=hint,
        )
    return done


def _communicate(
    argv: list[str], stdin: str, timeout: float, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
        cwd="/",
        # timeout(1) signals its whole group: the tools end when this program ends them, not in the middle of an undo
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """End a tool and all that it started: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE)


def shown(argv: list[str]) -> str:
    """A command as people read it."""
    text = " ".join(argv)
    return text if len(text) <= 160 else text[:157] + "..."
