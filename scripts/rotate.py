"""`make rotate SECRET=postgres STACK=name`: changes what services log in with, without a refused login, or the keys of
the tunnel between hosts.

Two logins take turns. The number of the rotation in the settings says whose turn it is; the stack's output `rotation`
has the number of the last rotation that ended, so one that broke off is gone on with and not overtaken.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.postgres.plan import LOGINS
from components.rabbitmq.plan import USERS
from components.turn import Turn
from scripts.steps import StepFailedError
from toolchain.paths import Clone

NAMES = {"postgres": LOGINS, "rabbitmq": USERS}
SERVERS = {"postgres": "PostgreSQL", "rabbitmq": "RabbitMQ"}
TUNNEL = "wireguard"
SECRETS = (*NAMES, TUNNEL)
_KEY = "dhanman:rotation"


@dataclass(frozen=True, kw_only=True)
class Story:
    """A rotation in words: what it does, step by step; how things are if it breaks off, and once it has ended."""

    steps: tuple[str, ...]
    unfinished: str
    ended: str


def story(secret: str, number: int) -> Story:
    """What the rotation of this number does."""
    if secret == TUNNEL:
        return Story(
            steps=(
                "every host gets a new key, and the other hosts' new public keys; until all have, what goes through "
                "the tunnel waits, for some seconds",
                "every host asks all others through the tunnel, which must answer",
            ),
            unfinished="a host that has not got its new key is not reached through the tunnel",
            ended="wireguard: every host has a new key, and all others answer it.",
        )
    turn = Turn(number)
    new, old = NAMES[secret][turn.slot], NAMES[secret][turn.outgoing or ""]
    return Story(
        steps=(
            f"{new} gets a new password, with which a login is tried",
            f"every service restarts and logs in as {new}; until it does, it goes on as {old}",
            f"{old} is retired, and a login with its old password is tried, which must be refused",
        ),
        unfinished=f"{old} still works wherever it is in use",
        ended=f"{secret}: {SERVERS[secret]} let {new} in with its new password, every service became ready with it,\n"
        f"and {old} was refused with its old one.",
    )


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The Pulumi CLI: its command, the project it works on, and its environment (None: that of this process)."""

    command: Sequence[str]
    project: Path
    environment: Mapping[str, str] | None = None

    def read(self, *arguments: str) -> Any:
        """What a command prints as JSON. Raises StepFailedError with Pulumi's own last line."""
        done = subprocess.run(
            [*self.command, *arguments], cwd=self.project, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            words = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            raise StepFailedError(words[-1].strip() if words else f"exit status {done.returncode}")
        return json.loads(done.stdout or "null")

    def run(self, *arguments: str) -> int:
        """Run a command that people see and answer; its exit status. Ctrl-C is left to Pulumi."""
        command = [*self.command, *arguments]
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return subprocess.run(command, cwd=self.project, env=self.environment, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)


def wanted_number(cli: Cli, stack: str, secret: str) -> int:
    """The number that the stack's settings name."""
    found = cli.read("config", "--json", "--stack", stack).get(_KEY, {})
    number = (found.get("objectValue") or {}).get(secret, 0)
    if not isinstance(number, int) or number < 0:
        raise StepFailedError(f"Pulumi.{stack}.yaml: {_KEY}.{secret} must be a whole number from 0 on")
    return number


def ended_number(cli: Cli, stack: str, secret: str) -> int:
    """The number of the last rotation that ended, as the stack's outputs have it."""
    outputs = cli.read("stack", "output", "--json", "--stack", stack)
    if not outputs:
        raise StepFailedError(f"{stack} has never been brought up; run make up STACK={stack}")
    # a stack of before the first rotation may have been brought up by an older version of this project
    ended = outputs.get("rotation", {})
    if secret == TUNNEL and secret not in ended:
        raise StepFailedError(f"{stack} has no tunnel between hosts (network.wireguard)")
    return int(ended.get(secret, 0))


def next_number(wanted: int, ended: int, stack: str, secret: str) -> int:
    """The number to bring the stack to: one more, or the same one where that rotation has not ended."""
    if wanted < ended:
        raise StepFailedError(
            f"Pulumi.{stack}.yaml names rotation {wanted} of {secret}, and {ended} has been done; the number only "
            f"grows: pulumi config set --stack {stack} --path {_KEY}.{secret} {ended}"
        )
    return wanted + 1 if wanted == ended else wanted


def rotate(cli: Cli, secret: str, stack: str, options: Sequence[str]) -> int:
    """Rotate one secret; the exit status. ``options`` go to ``pulumi up``."""
    wanted, ended = wanted_number(cli, stack, secret), ended_number(cli, stack, secret)
    number = next_number(wanted, ended, stack, secret)
    words = story(secret, number)
    if number == wanted:
        print(f"Rotation {number} of {secret} has not ended yet: this goes on with it.")
    print(f"Rotation {number} of {secret} in {stack}, in this order:")
    for position, step in enumerate(words.steps, 1):
        print(f"  {position}. {step}", flush=True)
    file = cli.project / f"Pulumi.{stack}.yaml"
    before, runs = file.read_bytes(), _runs(cli, stack)
    if number != wanted:
        path = f"{_KEY}.{secret}"
        status = cli.run("config", "set", "--stack", stack, "--path", path, str(number))
        if status:
            return status
    status = cli.run("up", "--stack", stack, *options)
    if status and _runs(cli, stack) == runs:
        file.write_bytes(before)
        print(f"make rotate: nothing was changed; {file.name} is as it was", file=sys.stderr)
        return status
    if status or ended_number(cli, stack, secret) != number:
        print(
            f"make rotate: rotation {number} of {secret} has not ended; {words.unfinished}. "
            f"Correct what is said above, then run make up STACK={stack}",
            file=sys.stderr,
        )
        return status or 1
    print(f"{words.ended} Commit {file.name}.")
    return 0


def _runs(cli: Cli, stack: str) -> Any:
    """What tells whether an update has begun since: the last one that is on record."""
    return cli.read("stack", "history", "--json", "--page-size", "1", "--stack", stack)


def main() -> int:
    """Check the words, rotate."""
    secret, stack, *options = sys.argv[1:]
    if secret not in SECRETS:
        known = ", ".join(SECRETS[:-1])
        text = f"make rotate: SECRET must be {known} or {SECRETS[-1]}, not {secret or 'empty'}"
        print(text, file=sys.stderr)
        return 1
    clone = Clone()
    if not (clone.root / f"Pulumi.{stack}.yaml").is_file():
        print(f"make rotate: there is no Pulumi.{stack}.yaml", file=sys.stderr)
        return 1
    try:
        return rotate(Cli(command=(str(clone.launcher),), project=clone.root), secret, stack, options)
    except StepFailedError as error:
        print(f"make rotate: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
