"""Tools from PyPI that are measured or asked: in the cache, from pinned requirements, shared by all clones."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from scripts.steps import Steps
from toolchain.paths import cache


def provide(steps: Steps, requirements: Path, names: str) -> Path:
    """The ``bin`` folder of their environment; made when the requirements or this interpreter are new.

    ``names``: what people call the tools. Raises ``StepFailedError`` if a package can't be fetched.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    digest = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:12]
    folder = cache() / requirements.parent.name / f"venv-{digest}"
    complete = folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make = [sys.executable, "-m", "venv", str(folder)]
        steps.run(f"Creating a virtual environment for {names}", make)
        install = [str(folder / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        steps.run(
            f"Installing {names}",
            [*install, "--progress-bar", "off", "--require-hashes", "-r", str(requirements)],
            hint="Where PyPI is out of reach, pip takes a mirror from PIP_INDEX_URL or pip.conf.",
        )
        complete.touch()
    return folder / "bin"
