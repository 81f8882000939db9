from __future__ import annotations

import io
from pathlib import Path

import pytest

from scripts.steps import Steps
from toolchain import stacks, versions
from toolchain.paths import Clone

# A CLI that makes a stack as the real one does: a checkpoint in the backend, a salt in the project's stack file.
FAKE = """#!/bin/sh
echo "$*" >>"$PULUMI_HOME/calls"
case "$*" in
*"stack init "*)
    stack=$6
    folder="${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/dhanman"
    mkdir -p "$folder"
    printf '{"checkpoint": {"latest": {"secrets_providers": {"state": {"salt": "v1:%s"}}}}}' "$stack" >"$folder/$stack.json"
    echo "encryptionsalt: v1:$stack" >"$2/Pulumi.$stack.yaml"
    ;;
*"stack select "*) mkdir -p "$PULUMI_HOME/workspaces" && echo '{}' >"$PULUMI_HOME/workspaces/dhanman.json" ;;
esac
"""  # noqa: E501


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(root=tmp_path / "clone")
    clone.root.mkdir()
    (clone.root / "Pulumi.yaml").write_text("name: dhanman\n")
    return clone


@pytest.fixture
def program(tmp_path: Path) -> Path:
    fake = tmp_path / "fake"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    return fake


def prepare(clone: Clone, program: Path) -> list[str]:
    calls = clone.pulumi_home / "calls"
    calls.unlink(missing_ok=True)
    stacks.prepare(Steps(clone.logs, io.StringIO()), clone, program)
    return calls.read_text().splitlines() if calls.exists() else []


def test_every_stack_is_made_and_its_salt_kept_out_of_the_project(clone: Clone, program: Path) -> None:
    assert not stacks.complete(clone)
    prepare(clone, program)
    assert stacks.complete(clone)
    assert {s: (clone.stacks / f"{s}.salt").read_text() for s in versions.STACKS} == {
        s: f"v1:{s}\n" for s in versions.STACKS
    }
    assert sorted(path.name for path in clone.root.iterdir()) == [".local", "Pulumi.yaml"]
    assert clone.passphrase.stat().st_mode & 0o777 == 0o600
    assert clone.state.stat().st_mode & 0o777 == 0o700


def test_a_second_run_does_nothing_and_keeps_the_passphrase(clone: Clone, program: Path) -> None:
    prepare(clone, program)
    before = clone.passphrase.read_text()
    assert prepare(clone, program) == []
    assert clone.passphrase.read_text() == before


def test_a_lost_salt_is_taken_from_the_state(clone: Clone, program: Path) -> None:
    prepare(clone, program)
    (clone.stacks / "qa.salt").unlink()
    assert prepare(clone, program) == []
    assert (clone.stacks / "qa.salt").read_text() == "v1:qa\n"


def test_two_clones_have_different_passphrases(clone: Clone, program: Path, tmp_path: Path) -> None:
    other = Clone(root=tmp_path / "other")
    other.root.mkdir()
    prepare(clone, program)
    prepare(other, program)
    assert clone.passphrase.read_text() != other.passphrase.read_text()
