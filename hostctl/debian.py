"""What dpkg knows: whether a file is still as its package shipped it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hostctl.run import run
from hostctl.store import Store

INFO = Path("/var/lib/dpkg/info")


def is_shipped(path: str) -> bool:
    """Whether the file at ``path`` is a package's own, unchanged since it was installed."""
    found = run(["dpkg-query", "--search", path], check=False)
    if found.returncode != 0:
        return False
    package = found.stdout.split(": ")[0].split(",")[0].strip()
    if not Path(path).is_file():
        return True
    digest = hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()
    conffiles = run(["dpkg-query", "--show", "--showformat=${Conffiles}", package], check=False).stdout
    for line in conffiles.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[0] == path:
            return parts[1] == digest
    for sums in INFO.glob(f"{package.split(':')[0]}*.md5sums"):
        if any(
            line.split(maxsplit=1) == [digest, path.lstrip("/")] for line in sums.read_text().splitlines()
        ):
            return True
    return False


def installed_by_us(package: str | None) -> bool:
    """Whether this program installed ``package`` on this host."""
    return bool(package) and package in Store().registry("packages")


def is_installed(package: str) -> bool:
    """Whether the package is installed now; one whose configuration alone is left is not."""
    shown = run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], check=False)
    return shown.returncode == 0 and shown.stdout == "installed"


def is_older(package: str, version: str) -> bool:
    """Whether the installed ``package`` is older than ``version``; one that is not installed will be new."""
    shown = run(["dpkg-query", "--show", "--showformat=${Version}", package], check=False)
    if shown.returncode != 0 or not shown.stdout:
        return False
    return run(["dpkg", "--compare-versions", shown.stdout, "lt", version], check=False).returncode == 0
