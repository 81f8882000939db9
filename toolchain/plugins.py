"""Puts the provider plugins where the engine looks: the official ones, or the stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scripts.steps import Steps
from toolchain import versions
from toolchain.cli import Cli
from toolchain.paths import Clone

_FETCH_SECONDS = 300
_SHIM = """#!{python} -IS
import sys
sys.path[:0] = [{root!r}, {packages!r}]
from toolchain.providers.process import run
run("toolchain.providers.{name}.provider:{name_title}Provider", {version!r})
"""


def install(steps: Steps, clone: Clone, cli: Cli) -> str:
    """Fetch the official plugins or else write the stand-ins; give `official` or `stand-in`."""
    if cli.origin != "build":
        with steps.step("Fetching the provider plugins"):
            fetched = all(_fetch(clone, cli, name, version) for name, version in versions.PLUGINS.items())
        if fetched:
            return "official"
        steps.note("the plugins are out of reach, so the stand-ins of this project are used")
    with steps.step("Writing the stand-in providers"):
        for name, version in versions.PLUGINS.items():
            _write_shim(clone, name, version)
    return "stand-in"


def complete(clone: Clone) -> bool:
    """Whether every plugin is in its place."""
    return all(_program(clone, name, version).exists() for name, version in versions.PLUGINS.items())


def _folder(clone: Clone, name: str, version: str) -> Path:
    return clone.pulumi_home / "plugins" / f"resource-{name}-v{version}"


def _program(clone: Clone, name: str, version: str) -> Path:
    return _folder(clone, name, version) / f"pulumi-resource-{name}"


def _is_shim(program: Path) -> bool:
    with program.open("rb") as file:
        return file.read(2) == b"#!"


def _fetch(clone: Clone, cli: Cli, name: str, version: str) -> bool:
    program = _program(clone, name, version)
    if program.exists():
        if not _is_shim(program):
            return True
        shutil.rmtree(program.parent)
    env = os.environ | {"PULUMI_HOME": str(clone.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command = [str(cli.program), "plugin", "install", "resource", name, f"v{version}"]
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and program.exists()


def _write_shim(clone: Clone, name: str, version: str) -> None:
    packages = next((clone.venv / "lib").glob("python3*/site-packages"))
    folder = _folder(clone, name, version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = _SHIM.format(
        python=clone.python,
        root=str(clone.root),
        packages=str(packages),
        name=name,
        name_title=name.capitalize(),
        version=version,
    )
    program = _program(clone, name, version)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
