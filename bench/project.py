"""This project as it is measured: a copy of the checkout with a state of its own, and commands for Pulumi's CLI."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

import testbed
from bench.errors import BenchError
from bench.tools.base import Call, inherited_environment
from toolchain.paths import Clone

STACK = "local"
HOST = "local"
"""The name that the stack file gives to the host with all roles."""

COPIED = (
    "Pulumi.yaml",
    "Pulumi.*.yaml",
    "__main__.py",
    "backupctl",
    "certctl",
    "components",
    "hostctl",
    "notifier",
    "objectctl",
    "samples",
)
PASSPHRASE = "only-for-measurements"


def copy_checkout(clone: Clone, folder: Path) -> None:
    """What Pulumi needs of the checkout as ``folder``/project, with a folder for a state of its own beside it."""
    project = folder / "project"
    project.mkdir(parents=True)
    for pattern in COPIED:
        for source in clone.root.glob(pattern):
            if source.is_dir():
                shutil.copytree(source, project / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, project)
    (project / ".venv").symlink_to(clone.venv)
    (project / ".local").mkdir()
    (folder / "state").mkdir()


class Project:
    """A copy of this checkout in ``folder`` (empty, and its alone). Calls are given, and run by who measures."""

    def __init__(self, folder: Path) -> None:
        self._clone = Clone()
        self._folder = folder
        # the second line of the stamp is the CLI that `make setup` settled on
        self._cli = Path(self._clone.stamp.read_text(encoding="utf-8").splitlines()[1])

    def make(self) -> None:
        """Copy the checkout and make the stack. Raises ``BenchError`` with Pulumi's words."""
        copy_checkout(self._clone, self._folder)
        done = self.call("stack", "init", STACK).run()
        if done.returncode:
            raise BenchError(f"pulumi stack init: {done.stdout.strip()}")

    def configure(self, host: testbed.Host, settings: Mapping[str, Any]) -> None:
        """Lay over the stack file what leads to ``host``, and ``settings`` beside it."""
        key = host.private_key_file
        public_key = key.with_name(f"{key.name}.pub").read_text(encoding="utf-8").strip()
        overlay: dict[str, Any] = {
            "hosts": {HOST: reached(host)},
            "ssh": {"privateKeyFile": str(key), "deployKeys": [public_key]},
        }
        target = self._folder / "project/.local/overlay.yaml"
        target.write_text(yaml.safe_dump(overlay | dict(settings)), encoding="utf-8")

    def up(self) -> Call:
        """``pulumi up`` without a preview before it."""
        return self.call("up", "--stack", STACK, "--yes", "--skip-preview")

    def preview(self, **environment: str) -> Call:
        """``pulumi preview``; ``environment``: variables beside the usual ones."""
        return self.call("preview", "--stack", STACK, **environment)

    def call(self, *arguments: str, **environment: str) -> Call:
        """The CLI with arguments of its own."""
        kept = inherited_environment()
        env = kept | {
            "PATH": f"{self._clone.venv / 'bin'}:{kept['PATH']}",
            "PULUMI_HOME": str(self._clone.pulumi_home),
            "PULUMI_BACKEND_URL": (self._folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        argv = (str(self._cli), "--non-interactive", *arguments)
        return Call(argv=argv, cwd=self._folder / "project", env=env | environment)

    def version(self) -> str:
        """The CLI's own."""
        done = subprocess.run([self._cli, "version"], capture_output=True, text=True, check=False)
        return f"pulumi {done.stdout.strip()}"


def reached(host: testbed.Host) -> dict[str, Any]:
    """Where a host is and how it proves itself, as the settings take it."""
    return {"address": host.address, "port": host.port, "hostKey": host.host_key}


def changes(output: str) -> int | None:
    """How many resources a run of Pulumi says that it changed; None if it does not say."""
    _, found, summary = output.rpartition("\nResources:\n")
    counts = re.findall(r"^ +(?:\+-|[+~-]) ?(\d+) [a-z]+$", summary, re.MULTILINE)
    return sum(map(int, counts)) if found else None
