"""Finds or obtains the Pulumi CLI with its Python language host."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scripts.steps import StepFailedError, Steps
from toolchain import golang, versions
from toolchain.paths import Clone, cache

CHOICE_VARIABLE = "DHANMAN_TOOLCHAIN"
LAUNCHER_MARK = b"dhanman-pulumi-launcher"
_CHOICES = ("path", "official", "build")
_RELEASES = "https://get.pulumi.com/releases/sdk"
_CONNECT_SECONDS = 5.0
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Cli:
    """A Pulumi CLI: its program, and how it came here (`path`, `official` or `build`)."""

    program: Path
    origin: str


def choice() -> str:
    """Give what DHANMAN_TOOLCHAIN forces, or nothing. Raises StepFailedError for an unknown value."""
    chosen = os.environ.get(CHOICE_VARIABLE, "")
    if chosen and chosen not in _CHOICES:
        raise StepFailedError(f"{CHOICE_VARIABLE} is {chosen!r}; it may be one of {', '.join(_CHOICES)}")
    return chosen


def obtain(steps: Steps, clone: Clone) -> Cli:
    """Give a CLI: an installed one, else the official release, else one built from its Go module.

    Raises StepFailedError when the forced way, or every way, fails.
    """
    chosen = choice()
    if chosen in ("", "path"):
        if program := _installed(clone):
            steps.note(f"Pulumi CLI: {program}")
            return Cli(program=program, origin="path")
        if chosen:
            raise StepFailedError(
                f"no pulumi {versions.PULUMI_MINIMUM} or newer, with its Python language host, in PATH; "
                f"unset {CHOICE_VARIABLE} to have one fetched"
            )
    if chosen in ("", "official"):
        program, why = _official(steps)
        if program:
            return Cli(program=program, origin="official")
        if chosen:
            raise StepFailedError(f"Pulumi's release could not be fetched: {why}")
        steps.note(f"Pulumi's release is out of reach ({why}), so its Go module is built instead")
    return Cli(program=golang.build(steps, cache()) / "pulumi", origin="build")


def _installed(clone: Clone) -> Path | None:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = Path(folder or ".") / "pulumi"
        if not os.access(program, os.X_OK) or program.is_dir() or clone.venv in program.parents:
            continue
        with program.open("rb") as file:
            if LAUNCHER_MARK in file.read(256):
                continue
        host = program.resolve().with_name("pulumi-language-python")
        if not host.exists() and not shutil.which("pulumi-language-python"):
            continue
        if _version_of(program) >= _parse(versions.PULUMI_MINIMUM):
            return program.absolute()
    return None


def _version_of(program: Path) -> tuple[int, ...]:
    try:
        env = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
        said = subprocess.run(
            [program, "version"], env=env, capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    return _parse(said.stdout)


def _parse(text: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else (0,)


def platform_name() -> str:
    """Give the release's name for this machine: `linux-x64`, `linux-arm64`, `darwin-…`."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    return f"{sys.platform}-{machine.get(platform.machine().lower(), platform.machine())}"


def _official(steps: Steps) -> tuple[Path | None, str]:
    """Give the release's CLI from the cache or the download site, else why there is none."""
    name = platform_name()
    if name not in versions.PULUMI_SHA256:
        return None, f"there is no release for {name}"
    done = cache() / "toolchain" / f"official-{versions.PULUMI}-{name}"
    if (done / "pulumi" / "pulumi").exists():
        return done / "pulumi" / "pulumi", ""
    url = f"{_RELEASES}/pulumi-v{versions.PULUMI}-{name}.tar.gz"
    try:
        answer = urllib.request.urlopen(url, timeout=_CONNECT_SECONDS)
    except (OSError, urllib.error.URLError) as error:
        return None, str(getattr(error, "reason", error))
    done.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="official-", dir=done.parent))
    try:
        with answer, steps.step(f"Downloading the Pulumi CLI {versions.PULUMI}"):
            _download(answer, work / "release.tar.gz", versions.PULUMI_SHA256[name])
            with tarfile.open(work / "release.tar.gz") as archive:
                _extract(archive, work)
            (work / "release.tar.gz").unlink()
        work.chmod(0o755)
        work.rename(done)
    except OSError as error:
        return None, str(error)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done / "pulumi" / "pulumi", ""


def _download(answer: BinaryIO, target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while chunk := answer.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != sha256:
        raise StepFailedError(
            f"the downloaded release has the digest {digest.hexdigest()} and not the pinned {sha256}; "
            "nothing of it was used"
        )


def _extract(archive: tarfile.TarFile, target: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        archive.extractall(target, filter="data")
    else:  # Python 3.11.0 to 3.11.3 know no filters; the digest vouches for the content
        archive.extractall(target)
