from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from toolchain.__main__ import write_launcher
from toolchain.paths import Clone

SALT = "v1:c2FsdA==:v1:abc:def"
REAL = """#!/bin/sh
[ "$3 $4" != "stack --show-name" ] || { echo organization/dhanman/local; exit 0; }
echo "args=$*"
env | grep -E '^PULUMI' | sort
[ -z "${PULUMI_OPTION_CONFIG_FILE:-}" ] || cat "$PULUMI_OPTION_CONFIG_FILE"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(root=(tmp_path / "with space").resolve())
    clone.stacks.mkdir(parents=True)
    (clone.venv / "bin").mkdir(parents=True)
    (clone.root / "Pulumi.yaml").write_text("name: dhanman\n")
    for stack in ("local", "qa"):
        (clone.root / f"Pulumi.{stack}.yaml").write_text("# kept\nconfig:\n  dhanman:a: b")
        (clone.stacks / f"{stack}.salt").write_text(SALT + "\n")
    real = tmp_path / "real"
    real.write_text(REAL)
    real.chmod(0o755)
    write_launcher(clone, real, stand_ins=True)
    return clone


def run(
    clone: Clone, *arguments: str, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | more
    command = [str(clone.launcher), *arguments]
    return subprocess.run(
        command, env=env, cwd=cwd or clone.root, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview", "--stack", "qa"],
        ["preview", "-s", "qa"],
        ["--color", "never", "preview", "--stack=organization/dhanman/qa"],
    ],
)
def test_the_salt_reaches_pulumi_in_a_copy_and_not_in_the_tracked_file(
    clone: Clone, arguments: list[str]
) -> None:
    before = (clone.root / "Pulumi.qa.yaml").read_text()
    said = run(clone, *arguments).stdout
    derived = clone.stacks / "Pulumi.qa.yaml"
    assert f"PULUMI_OPTION_CONFIG_FILE={derived}\n" in said
    assert derived.read_text() == f"{before}\nencryptionsalt: {SALT}\n"
    assert derived.stat().st_mode & 0o777 == 0o600
    assert (clone.root / "Pulumi.qa.yaml").read_text() == before


def test_an_edit_of_the_tracked_file_is_seen_by_the_next_run(clone: Clone) -> None:
    run(clone, "preview", "--stack", "qa")
    (clone.root / "Pulumi.qa.yaml").write_text("config:\n  dhanman:a: edited\n")
    assert "dhanman:a: edited" in run(clone, "preview", "--stack", "qa").stdout


def test_home_backend_and_passphrase_are_those_of_the_clone(clone: Clone) -> None:
    said = run(clone, "up", "--stack", "local", PULUMI_CONFIG_PASSPHRASE="of something else").stdout
    for line in (
        f"PULUMI_HOME={clone.pulumi_home}",
        f"PULUMI_BACKEND_URL={clone.backend_url}",
        f"PULUMI_CONFIG_PASSPHRASE_FILE={clone.passphrase}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
    ):
        assert line in said.splitlines()
    assert "PULUMI_CONFIG_PASSPHRASE=" not in said


def test_the_selected_stack_is_used_where_none_is_named(clone: Clone) -> None:
    assert f"PULUMI_OPTION_CONFIG_FILE={clone.stacks / 'Pulumi.local.yaml'}" in run(clone, "up").stdout


def test_another_backend_is_left_as_pulumi_has_it(clone: Clone) -> None:
    said = run(clone, "up", "--stack", "qa", PULUMI_BACKEND_URL="s3://state").stdout
    assert "PULUMI_BACKEND_URL=s3://state" in said
    assert "CONFIG_FILE" not in said and "PASSPHRASE" not in said


def test_a_stack_file_with_a_secrets_provider_of_its_own_is_used_as_it_is(clone: Clone) -> None:
    with (clone.root / "Pulumi.qa.yaml").open("a") as file:
        file.write("\nsecretsprovider: awskms://alias/team\n")
    assert "CONFIG_FILE" not in run(clone, "preview", "--stack", "qa").stdout


def test_a_config_file_that_is_named_wins(clone: Clone) -> None:
    assert "OPTION" not in run(clone, "preview", "--stack", "qa", "--config-file", "x.yaml").stdout


def test_the_project_in_another_folder_is_left_alone(clone: Clone, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Pulumi.yaml").write_text("name: other\n")
    assert "OPTION" not in run(clone, "up", "--stack", "local", cwd=other).stdout
    assert "OPTION" in run(clone, "-C", str(clone.root), "up", "--stack", "local", cwd=other).stdout


@pytest.mark.parametrize("command", ["up", "destroy", "refresh"])
def test_qa_and_prod_are_not_written_to_the_backend_of_a_clone(clone: Clone, command: str) -> None:
    done = run(clone, command, "--stack", "qa", "--yes")
    assert done.returncode == 1 and done.stdout == ""
    assert "set PULUMI_BACKEND_URL" in done.stderr and done.stderr.count("\n") == 1


def test_arguments_with_spaces_arrive_unchanged(clone: Clone) -> None:
    assert "args=stack tag set a b c" in run(clone, "stack", "tag", "set", "a", "b c").stdout
