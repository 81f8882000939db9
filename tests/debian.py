"""Programs of Debian packages that this machine need not have: unpacked into the shared cache, installed nowhere."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from testbed.process import find, locked
from toolchain import paths

LIMIT = 180
"""Seconds for the package index and the download."""


@cache
def program(package: str, path: str) -> str | None:
    """``path`` inside ``package``, from this machine or downloaded at the first call; None where it can't be had.

    The libraries that this machine lacks come with it.
    """
    if there := find(Path(path).name):
        return there
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    folder = paths.cache() / "tests" / f"debian-{package}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / f"debian-{package}.lock"):
        if not folder.is_dir() and not _unpack(package, folder):
            return None
        return _with_its_libraries(folder, path)


def needed(package: str, path: str) -> str:
    """The same for a test, which is skipped where it can't be had."""
    found = program(package, path)
    if found is None:
        pytest.skip(f"{Path(path).name} is not on this machine, and Debian's {package} can't be had")
    return found


def _unpack(package: str, folder: Path) -> bool:
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        archives, unpacked = Path(draft) / "archives", Path(draft) / "root"
        (archives / "partial").mkdir(parents=True)
        # nothing is installed, so nobody else's lock is in the way
        download = ["apt-get", "install", "--download-only", "--no-install-recommends", "--yes", "--quiet=2",
                    "-o", f"Dir::Cache::Archives={archives}", "-o", "Debug::NoLocking=true", package]  # fmt: skip
        if not _ran(download, draft) and not (
            os.geteuid() == 0 and _ran(["apt-get", "update", "--quiet=2"], draft) and _ran(download, draft)
        ):
            return False
        extract = ["dpkg-deb", "--extract"]
        if not all(_ran([*extract, str(file), str(unpacked)], draft) for file in archives.glob("*.deb")):
            return False
        unpacked.rename(folder)
    return True


def _with_its_libraries(folder: Path, path: str) -> str | None:
    """The program itself where this machine has all its libraries, else a script that shows it those beside it."""
    found = folder / path
    if _runs(found, os.environ):
        return str(found)
    libraries = ":".join(sorted({str(file.parent) for file in folder.rglob("*.so*")}))
    if not _runs(found, os.environ | {"LD_LIBRARY_PATH": libraries}):
        return None
    script = folder / f"run-{found.name}"
    script.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(libraries)} exec {shlex.quote(str(found))} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def _runs(program: Path, environment: Mapping[str, str]) -> bool:
    """Whether it finds all its libraries."""
    said = subprocess.run(["ldd", program], env=environment, capture_output=True, text=True, check=False)
    return said.returncode == 0 and "not found" not in said.stdout


def _ran(command: list[str], folder: str) -> bool:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LIMIT
    )
    return done.returncode == 0
