"""Running the host's own tools: argument lists, never a shell; every one with a time limit."""

from __future__ import annotations

import os
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
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=ENVIRONMENT | kept,
            cwd="/",
        )
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


def shown(argv: list[str]) -> str:
    """A command as people read it."""
    text = " ".join(argv)
    return text if len(text) <= 160 else text[:157] + "..."
