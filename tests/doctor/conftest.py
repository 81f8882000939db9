"""A Pulumi CLI that answers as it was told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doctor.pulumi_cli import Cli
from tests.components.remote.conftest import start_server
from toolchain import versions

__all__ = ["start_server"]

_PROGRAM = """#!{python}
import json, pathlib, sys
answers = json.loads(pathlib.Path(__file__).with_name("answers.json").read_text())
arguments = [a for a in sys.argv[1:] if a not in ("--non-interactive", "--color", "never")]
answer = answers.get(" ".join(arguments[:2]), answers.get(arguments[0]))
if isinstance(answer, dict) and "fails" in answer:
    sys.exit(answer["fails"])
print(answer if isinstance(answer, str) else json.dumps(answer))
"""

FakeCli = Callable[..., Cli]


@pytest.fixture
def fake_cli(tmp_path: Path) -> FakeCli:
    """Makes a CLI with ``config`` (Pulumi's map of it) as the settings of a healthy stack; other answers by command."""

    def make(config: dict[str, Any], /, secret: tuple[str, ...] = (), **answers: Any) -> Cli:
        shown = {
            key: {"value": v if isinstance(v, str) else json.dumps(v), "secret": key in secret}
            for key, v in config.items()
        }
        plugins = [{"name": n, "kind": "resource", "version": v} for n, v in versions.PLUGINS.items()]
        every = {
            "config": shown,
            "whoami": {"user": "ci", "url": "s3://bucket"},
            "stack ls": [{"name": "organization/dhanman/qa"}],
            "stack export": {"version": 3, "deployment": {}},
            "version": f"v{versions.PULUMI}",
            "plugin ls": plugins,
        } | {key.replace("_", " "): value for key, value in answers.items()}
        (tmp_path / "answers.json").write_text(json.dumps(every))
        program = tmp_path / "pulumi"
        program.write_text(_PROGRAM.format(python=sys.executable))
        program.chmod(0o755)
        project = tmp_path / "project"
        project.mkdir()
        (project / "Pulumi.qa.yaml").write_text("config: {}\n")
        return Cli(program=program, project=project, environment=os.environ)

    return make
