"""A whole `pulumi up` with the CLI and the plugins that this clone has, stand-ins or official ones."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.toolchain.ssh_server import SshServer
from toolchain.paths import Clone

CLONE = Clone()
PROGRAM = """
import json, pathlib
import pulumi, pulumi_command as command, pulumi_random as random

given = json.loads(pathlib.Path("given.json").read_text())
password = random.RandomPassword("password", length=24, special=False)
for number in range(3):
    last = command.remote.Command(
        f"unit-{number}",
        connection=command.remote.ConnectionArgs(**given["connection"]),
        create="cat >/dev/null; echo created",
        update="echo " + given["update"],
        delete="echo removed",
        stdin=password.result,
        triggers=given["triggers"],
        add_previous_output_in_env=False,
    )
command.local.Command("here", create="echo here")
pulumi.export("password", password.result)
pulumi.export("stdout", last.stdout)
"""

pytestmark = [
    # it needs no host, but takes as long as a test that does: it runs the whole CLI several times
    pytest.mark.host,
    pytest.mark.skipif(not CLONE.launcher.exists(), reason="no .venv/bin/pulumi: run `make setup`"),
]


class Project:
    def __init__(self, folder: Path, server: SshServer) -> None:
        self.folder = folder
        options = json.dumps({"toolchain": "pip", "virtualenv": str(CLONE.venv)})
        runtime = f"name: trial\nruntime: {{name: python, options: {options}}}\n"
        (folder / "Pulumi.yaml").write_text(runtime)
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        names = {"privateKey": "private_key", "hostKey": "host_key"}
        names |= {"dialErrorLimit": "dial_error_limit", "perDialTimeout": "per_dial_timeout"}
        self.connection = {names.get(name, name): value for name, value in server.connection().items()}
        self.give()
        self.run("stack", "init", "trial")

    def give(self, **more: Any) -> None:
        given = {"connection": self.connection, "update": "updated", "triggers": [1]} | more
        (self.folder / "given.json").write_text(json.dumps(given))

    def run(self, *arguments: str) -> str:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        env |= {
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "for-tests",
        }
        command = [str(CLONE.launcher), "--non-interactive", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in (done.stdout + done.stderr).lower()
        return done.stdout

    def changes(self, *arguments: str) -> dict[str, int]:
        summary = json.loads(self.run("preview", "--json", *arguments))["changeSummary"]
        return {name: count for name, count in summary.items() if name != "same"}

    def up(self) -> None:
        self.run("up", "--yes", "--skip-preview")


def test_create_nothing_update_replace_and_destroy(tmp_path: Path, ssh_server: SshServer) -> None:
    project = Project(tmp_path, ssh_server)
    assert project.changes() == {"create": 6}
    assert ssh_server.commands == []

    project.up()
    assert ssh_server.commands == ["cat >/dev/null; echo created"] * 3
    assert json.loads(project.run("stack", "output", "--json")) == {
        "password": "[secret]",
        "stdout": "created",
    }
    password = json.loads(project.run("stack", "output", "--json", "--show-secrets"))["password"]
    state = "".join(file.read_text() for file in (tmp_path / "state").rglob("trial.json"))
    assert password not in state and "OPENSSH PRIVATE KEY" not in state

    assert project.changes() == {}
    ssh_server.commands.clear()
    project.run("refresh", "--yes", "--skip-preview")
    project.up()
    assert ssh_server.commands == []

    project.give(update="again")
    assert project.changes() == {"update": 3}
    project.up()
    assert ssh_server.commands == ["echo again"] * 3

    project.give(update="again", triggers=[2])
    assert project.changes() == {"replace": 3}
    ssh_server.commands.clear()
    project.up()
    assert sorted(ssh_server.commands) == ["cat >/dev/null; echo created"] * 3 + ["echo removed"] * 3

    ssh_server.commands.clear()
    project.run("destroy", "--yes", "--skip-preview")
    assert ssh_server.commands == ["echo removed"] * 3
