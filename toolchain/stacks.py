"""The file backend of this clone: passphrase, stacks, and the salts that stay out of tracked files."""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from pathlib import Path

from scripts.steps import StepFailedError, Steps
from toolchain import versions
from toolchain.paths import Clone

_PROJECT = "dhanman"


def prepare(steps: Steps, clone: Clone, program: Path) -> None:
    """Make passphrase, backend and stacks where they are missing; select `local` where none is selected.

    A stack is made in an empty project of the same name, so that Pulumi writes the salt there and not into
    the tracked stack file; the salt is then kept in `.local/stacks/<stack>.salt` for the launcher.
    Raises StepFailedError with what the CLI said.
    """
    clone.local.mkdir(exist_ok=True)
    for folder in (clone.local, clone.state, clone.pulumi_home, clone.stacks):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
    _make_passphrase(clone)
    env = _environment(clone)
    for stack in versions.STACKS:
        if _salt_file(clone, stack).exists() and _checkpoint(clone, stack).exists():
            continue
        if _checkpoint(clone, stack).exists():
            _salt_file(clone, stack).write_text(_salt_in_checkpoint(clone, stack) + "\n", encoding="utf-8")
            continue
        with tempfile.TemporaryDirectory(prefix="stack-", dir=clone.local) as work:
            project = Path(work) / "Pulumi.yaml"
            project.write_text(f"name: {_PROJECT}\nruntime: python\n", encoding="utf-8")
            command = [
                str(program),
                "--cwd",
                work,
                "--non-interactive",
                "stack",
                "init",
                stack,
                "--no-select",
            ]
            steps.run(f"Creating the stack {stack} in this clone's backend", command, env=env)
            _keep_salt(clone, stack, Path(work) / f"Pulumi.{stack}.yaml")
    if (clone.root / "Pulumi.yaml").exists() and not any((clone.pulumi_home / "workspaces").glob("*.json")):
        command = [str(program), "--cwd", str(clone.root), "--non-interactive", "stack", "select", "local"]
        steps.run("Selecting the stack local", command, env=env)


def complete(clone: Clone) -> bool:
    """Whether nothing of what `prepare` makes is missing."""
    stacks = all(_salt_file(clone, s).exists() and _checkpoint(clone, s).exists() for s in versions.STACKS)
    selected = not (clone.root / "Pulumi.yaml").exists() or any(
        (clone.pulumi_home / "workspaces").glob("*.json")
    )
    return clone.passphrase.exists() and stacks and selected


def _environment(clone: Clone) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return env | {
        "PULUMI_HOME": str(clone.pulumi_home),
        "PULUMI_BACKEND_URL": clone.backend_url,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(clone.passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _make_passphrase(clone: Clone) -> None:
    if clone.passphrase.exists():
        return
    descriptor = os.open(clone.passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")


def _salt_file(clone: Clone, stack: str) -> Path:
    return clone.stacks / f"{stack}.salt"


def _checkpoint(clone: Clone, stack: str) -> Path:
    return clone.state / ".pulumi" / "stacks" / _PROJECT / f"{stack}.json"


def _keep_salt(clone: Clone, stack: str, stack_file: Path) -> None:
    found = re.search(r"^encryptionsalt: (\S+)$", stack_file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise StepFailedError(f"Pulumi wrote no salt for the stack {stack}")
    _salt_file(clone, stack).write_text(found[1] + "\n", encoding="utf-8")


def _salt_in_checkpoint(clone: Clone, stack: str) -> str:
    try:
        checkpoint = json.loads(_checkpoint(clone, stack).read_text(encoding="utf-8"))
        return str(checkpoint["checkpoint"]["latest"]["secrets_providers"]["state"]["salt"])
    except (ValueError, KeyError, TypeError) as error:
        file = _checkpoint(clone, stack)
        raise StepFailedError(
            f"{file} holds no salt of a passphrase; was it written by other means?"
        ) from error
