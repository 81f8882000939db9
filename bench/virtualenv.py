"""The virtual environment of Ansible and pyinfra: in the cache, from pinned requirements, shared by all clones."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from scripts.steps import Steps
from toolchain.paths import cache

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def provide(steps: Steps) -> Path:
    """The environment's ``bin`` folder; made when the requirements or this interpreter are new.

    Raises ``StepFailedError`` if a package can't be fetched.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + version.encode()).hexdigest()[:12]
    folder = cache() / "bench" / f"venv-{digest}"
    complete = folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make = [sys.executable, "-m", "venv", str(folder)]
        steps.run("Creating the virtual environment of the baselines", make)
        install = [str(folder / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        steps.run(
            "Installing Ansible and pyinfra",
            [*install, "--progress-bar", "off", "--require-hashes", "-r", str(REQUIREMENTS)],
            hint="Where PyPI is out of reach, pip takes a mirror from PIP_INDEX_URL or pip.conf.",
        )
        complete.touch()
    return folder / "bin"
