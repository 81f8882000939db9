"""What the measurements need of a tool."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import testbed


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """The sample service and the front end as tar.gz files on this machine."""

    service: Path
    frontend: Path


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where one tool works against one fresh host. ``folder``: empty, and this tool's alone."""

    folder: Path
    host: testbed.Host
    artifacts: Artifacts

    @property
    def public_key_file(self) -> Path:
        """The public half of the key that logs in to the host."""
        key = self.host.private_key_file
        return key.with_name(f"{key.name}.pub")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A command with its folder, environment and standard input; its run is what is timed."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Path | None = None

    def run(self, *before: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, untimed, behind the words of ``before``; both outputs are in ``stdout``."""
        return subprocess.run(
            [*before, *self.argv],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )


class Tool(Protocol):
    """One way to bring a host to the environment. The methods give commands and run nothing themselves."""

    name: str

    def version(self) -> str:
        """What is measured, as its makers call it."""

    def open(self, place: Workplace) -> None:
        """Prepare for a fresh host; not timed."""

    def converge(self, place: Workplace, body_size: int) -> Call:
        """Bring the host to the environment in which NGINX takes ``body_size`` MiB."""

    def preview(self, place: Workplace, body_size: int) -> Call | None:
        """Say what that would change; None if the tool has no such thing."""

    def changes(self, output: str) -> int | None:
        """How many things a run says that it changed; None if it does not say."""


def inherited_environment() -> dict[str, str]:
    """This process' environment without what steers one of the tools from outside."""
    steering = ("PULUMI_", "ANSIBLE_", "BENCH_", "DHANMAN_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    # a dead agent fails connections, and every tool is given a key file
    kept.pop("SSH_AUTH_SOCK", None)
    return kept
