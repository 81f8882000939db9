"""A stack of a few components, through whole runs of the CLI and the plugins that this clone has."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from toolchain.paths import Clone

CLONE = Clone()
NAME = "trial"


class TrialStack:
    """``program``: the text of ``__main__.py``, which reads what it is to make from ``given.json`` beside it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        options = json.dumps({"toolchain": "pip", "virtualenv": str(CLONE.venv)})
        (folder / "Pulumi.yaml").write_text(f"name: {NAME}\nruntime: {{name: python, options: {options}}}\n")
        (folder / "__main__.py").write_text(program)
        (folder / "state").mkdir()
        (folder / ".venv").symlink_to(CLONE.venv)
        # all of them, since plans pack the programs of the host
        for package in CLONE.root.glob("*/__init__.py"):
            (folder / package.parent.name).symlink_to(package.parent)

    def write(self, content: Any) -> None:
        """What the program reads from now on."""
        (self.folder / "given.json").write_text(json.dumps(content))

    def begin(self) -> None:
        """Make the stack, with nothing in it."""
        self.run("stack", "init", NAME)

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; both of its outputs."""
        hidden = ("PULUMI_", "CLOUDFLARE_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        env |= {
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "for-tests",
        }
        command = [str(CLONE.launcher), "--non-interactive", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, *options: str, fails: bool = False) -> str:
        """``pulumi up``; what it said."""
        return self.run("up", "--yes", "--skip-preview", *options, fails=fails)

    @property
    def state(self) -> str:
        """All checkpoints of the stack."""
        return "".join(file.read_text() for file in (self.folder / "state").rglob(f"{NAME}.json*"))
