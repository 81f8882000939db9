"""Makes the virtual environment, from the pinned requirements and nothing else."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.steps import StepFailedError, Steps
from toolchain import versions
from toolchain.paths import Clone

REQUIREMENTS = ("requirements.txt", "requirements-toolchain.txt", "requirements-dev.txt")


def check_python() -> None:
    """Raise StepFailedError unless this interpreter is one that the project runs on."""
    if sys.version_info[:2] < versions.PYTHON:
        have = ".".join(map(str, sys.version_info[:3]))
        need = ".".join(map(str, versions.PYTHON))
        raise StepFailedError(
            f"python3 is {have} and the project needs {need} or newer; "
            "name another one with `make PYTHON=python3.12 setup`"
        )


def create(steps: Steps, clone: Clone) -> None:
    """Make `.venv` with this interpreter unless it is there and works; install python3-venv if need be.

    Raises StepFailedError with the package to install when that can't be done by this user.
    """
    if _works(clone):
        return
    _provide_ensurepip(steps)
    shutil.rmtree(clone.venv, ignore_errors=True)
    steps.run("Creating the virtual environment", [sys.executable, "-m", "venv", str(clone.venv)])


def install(steps: Steps, clone: Clone) -> None:
    """Install the requirements, each file checked against its hash. Raises StepFailedError."""
    command = [
        str(clone.python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
    ]
    command += ["--require-hashes"]
    for name in REQUIREMENTS:
        command += ["-r", str(clone.root / name)]
    steps.run(
        "Installing the Python packages",
        command,
        hint="Where PyPI is out of reach, pip takes a mirror from PIP_INDEX_URL or pip.conf.",
    )


def _works(clone: Clone) -> bool:
    """Whether the interpreter starts and believes itself to be at this path (a copied clone's does not)."""
    if not (clone.venv / "pyvenv.cfg").exists():
        return False
    ask = "import sys, pip; print(sys.prefix, *sys.version_info[:2])"
    try:
        said = subprocess.run(
            [clone.python, "-c", ask], capture_output=True, text=True, check=False
        ).stdout.split()
    except OSError:
        return False
    script = clone.venv / "bin" / "pip"
    moved = not script.exists() or str(clone.venv) not in script.read_text(encoding="utf-8").split("\n", 1)[0]
    return said == [str(clone.venv), *map(str, sys.version_info[:2])] and not moved


def _provide_ensurepip(steps: Steps) -> None:
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    advice = "python3-venv is missing: run `sudo apt-get install python3-venv`, then `make setup` again"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise StepFailedError(advice)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        steps.run("Updating the package lists", ["apt-get", "update"], env=env, hint=advice)
    packages = ["python3-venv", "ca-certificates"]
    install = ["apt-get", *lock, "install", "-y", "--no-install-recommends", *packages]
    steps.run("Installing python3-venv", install, env=env, hint=advice)
