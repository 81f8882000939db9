"""Asking the Pulumi CLI, which knows the state, the settings with their secrets, and itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.settings import Problem, Settings, SettingsError
from components.settings.reader import combine

CLI_LIMIT = 60.0
"""Seconds for one command: a state far away takes its time, one that is out of reach would take for ever."""


class PulumiError(Exception):
    """The CLI said no; the text is its own last line."""


@dataclass(frozen=True, kw_only=True)
class Cli:
    """``program``: the launcher or the CLI itself. ``project``: the folder with Pulumi.yaml. ``environment``: of it."""

    program: Path
    project: Path
    environment: Mapping[str, str]

    def ask(self, *arguments: str) -> str:
        """What a command prints. Raises :class:`PulumiError`."""
        try:
            done = subprocess.run(
                [str(self.program), "--non-interactive", "--color", "never", *arguments],
                cwd=self.project,
                env=dict(self.environment) | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=CLI_LIMIT,
            )
        except subprocess.TimeoutExpired:
            raise PulumiError(f"pulumi {arguments[0]}: no answer within {CLI_LIMIT:g} s") from None
        except OSError as error:
            raise PulumiError(f"pulumi can't be run ({error.strerror})") from None
        if done.returncode:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            said = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "")
            raise PulumiError(said.removeprefix("error:").strip() or f"exit status {done.returncode}")
        return done.stdout

    def ask_json(self, *arguments: str) -> Any:
        """The same for a command that prints JSON."""
        try:
            return json.loads(self.ask(*arguments))
        except ValueError:
            raise PulumiError(f"pulumi {' '.join(arguments[:2])} printed no JSON") from None


def read_settings(cli: Cli, stack: str) -> tuple[Settings, list[Problem]]:
    """A stack's settings, decrypted, as the program itself gets them; with what else is wrong.

    Raises :class:`PulumiError`, and :class:`SettingsError` with all problems.
    """
    config = cli.ask_json("config", "--json", "--show-secrets", "--stack", stack)
    try:
        values = {key: entry["value"] for key, entry in config.items() if "value" in entry}
        secret = {key for key, entry in config.items() if entry.get("secret")}
    except (AttributeError, TypeError):
        raise PulumiError("pulumi config printed something else than the settings") from None
    return combine(stack, values, secret, cli.project)


__all__ = ["Cli", "PulumiError", "SettingsError", "read_settings"]
