"""Real previews with the policy pack: of the project's stacks, and of a stack that was got wrong."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.project import copy_checkout
from components.settings.raw import merge
from scripts.policy import PACK, environment, verdict
from toolchain.paths import Clone

CLONE = Clone()

pytestmark = [
    # they need no host, but take as long as tests that do: each runs the whole CLI
    pytest.mark.host,
    pytest.mark.skipif(not CLONE.launcher.exists(), reason="no .venv/bin/pulumi: run `make setup`"),
]

WRONG_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "dhanman:network": {"privateRanges": ["0.0.0.0/0"]},
    "dhanman:backup": {"retentionDays": 7, "bucket": {"name": "dhanman-backups"}},
    "dhanman:services": {"sales": {"domain": "sales.dhanman.com"}},
    "dhanman:gateway": {
        "snippets": {"http": "server { listen 80; server_name old.dhanman.com; root /var/www; }\n"},
    },
}
WRONG_PROGRAM = {
    "components/credentials.py": ("PASSWORD_LENGTH = 32", "PASSWORD_LENGTH = 8"),
    "components/environment/frame.py": (
        'self.protect = settings.environment != "local"',
        "self.protect = False",
    ),
}
BROKEN_BY_SETTINGS = {
    "backups-are-kept-long-enough",
    "environments-are-apart",
    "no-internal-port-is-public",
    "no-name-is-http-only",
}
BROKEN_BY_THE_PROGRAM = {"data-is-protected", "no-password-is-a-default"}


class Project:
    """A copy of the checkout, in which settings and program may be changed."""

    def __init__(self, folder: Path) -> None:
        copy_checkout(CLONE, folder)
        self.folder = folder / "project"
        # what a deployment sets: without it the preview is of a stack that was never deployed
        self.report = folder / "report.json"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self.environment = kept | {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "for-tests",
        }

    def settle(self, stack: str, over: Mapping[str, Mapping[str, Any]]) -> None:
        path = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({"config": merge(content["config"], over)}), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(CLONE.launcher), "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment
            | {k: v for k, v in environment(self.report).items() if k.startswith("DHANMAN_")},
            capture_output=True,
            text=True,
            check=False,
        )

    def judge(self, stack: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
        made = self.run("stack", "init", stack, "--no-select")
        assert made.returncode == 0, made.stderr
        done = self.run("preview", "--stack", stack, "--suppress-outputs", "--policy-pack", str(PACK))
        assert self.report.exists(), done.stdout + done.stderr
        report: dict[str, Any] = json.loads(self.report.read_text(encoding="utf-8"))
        return report, done


@pytest.mark.parametrize("stack", ["qa", "prod"])
def test_the_first_preview_of_a_stack_keeps_every_rule_and_hides_no_unit(tmp_path: Path, stack: str) -> None:
    report, done = Project(tmp_path).judge(stack)
    assert done.returncode == 0, done.stdout
    assert verdict(stack, report) == ([f"{stack}: {report['resources']} resources keep 15 rules"], 0)
    assert report["resources"] > 80


def test_wrong_settings_and_a_wrong_program_are_found_and_end_the_preview(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.settle("qa", WRONG_SETTINGS)
    for name, (right, wrong) in WRONG_PROGRAM.items():
        file = project.folder / name
        text = file.read_text(encoding="utf-8")
        assert right in text
        file.write_text(text.replace(right, wrong), encoding="utf-8")
    report, done = project.judge("qa")
    lines, status = verdict("qa", report)
    assert (status, done.returncode != 0) == (1, True)
    rules = {rule for rule, _ in report["broken"]}
    assert rules >= BROKEN_BY_SETTINGS | BROKEN_BY_THE_PROGRAM
    said = "\n".join(lines)
    assert "the firewall opens 5432, 5672, 9000, 15672 to 0.0.0.0/0; " in said
    assert (
        "/etc/dhanman/qa/backup.conf keeps dumps for 7 days; set backup.retentionDays to 30 or more" in said
    )
    assert "old.dhanman.com is answered over plain HTTP alone; " in said
    assert "sales.dhanman.com is no name of qa; " in said
    assert "the bucket dhanman-backups is not qa's; " in said
    assert "sales-database (command:remote:Command): holds data and is not protected; " in said
    # Pulumi's own output says it too, at the resource
    assert "no-internal-port-is-public  (command:remote:Command: main-access)" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
