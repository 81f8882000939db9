"""restic: https://restic.readthedocs.io. What it is told, and what its answers mean."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from objectctl.config import Config
from objectctl.errors import Failure

LAST_LINES = 10
NO_REPOSITORY = 10
"""Exit status of restic 0.17 and later where there is no repository; older ones only say so."""
_UNOPENED = "unable to open config file"
_ABSENT = ("no such file or directory", "key does not exist", "NoSuchKey")
"""What older ones say of a place where nothing is; they open none in a bucket that is not reached, either."""
FIRST_ANSWER = 300
"""Seconds for the first word of a bucket; where it has answered, restic decides how long it goes on trying."""
INCOMPLETE = 3
"""Exit status of a backup that could not read everything."""
STALE = 1800
"""Seconds after which restic takes a lock for one of a dead run; a file takes it far less to write."""
LOCKED = 11
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "RESTIC_PROGRESS_FPS": "0.1",
}
_HINTS = (
    ("wrong password or no key found", "the passphrase is another one: were the backups made with another state?"),
    ("no space left", "make room where the backups are"),
    ("Access Denied", "the bucket refuses the key: correct backup.bucket, then pulumi up"),
    ("AccessDenied", "the bucket refuses the key: correct backup.bucket, then pulumi up"),
    ("repository is already locked", "wait until the other run has ended"),
    ("dial tcp", "the bucket can't be reached from this host: curl -I to its endpoint"),
)  # fmt: skip


class Restic:
    """restic with an environment's repository. Raises :class:`Failure` with its last words."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def call(
        self, *words: str, check: bool = True, limit: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One command; secrets are in its environment alone. Asked to end, restic is asked too, and waited for.

        ``limit``: seconds after which it is asked to end; its exit status is then that of a signal.
        """
        environment = _ENVIRONMENT | {"RESTIC_CACHE_DIR": str(self._config.cache)} | self._config.restic
        try:
            with subprocess.Popen(
                ("restic", "--quiet", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, errors="replace", env=environment, cwd="/",
            ) as process:  # fmt: skip
                out, err = _finish(process, limit)
        except FileNotFoundError:
            raise Failure("restic is not on the host", "pulumi up installs what is missing") from None
        done = subprocess.CompletedProcess(words, process.returncode, out, err)
        if check and done.returncode != 0:
            raise self.failure(done)
        return done

    def failure(self, done: subprocess.CompletedProcess[str]) -> Failure:
        """A failed command in words for people."""
        text = f"{done.stdout}\n{done.stderr}"
        for secret in self._config.restic.values():
            text = text.replace(secret, "[hidden]") if len(secret) > 12 and "/" not in secret else text
        lines = [line for line in text.splitlines() if line.strip()][-LAST_LINES:]
        hint = next((h for words, h in _HINTS if words in text), "correct the cause, then start it again")
        return Failure(f"restic {done.args[0]}: exit status {done.returncode}", hint, "\n".join(lines))

    def prepare(self) -> None:
        """The repository, made if there is none; and no lock of a run that is dead."""
        # restic itself tries for a quarter of an hour where nobody answers
        found = self.call("cat", "config", check=False, limit=FIRST_ANSWER)
        absent = _UNOPENED in found.stderr and any(words in found.stderr for words in _ABSENT)
        if found.returncode == NO_REPOSITORY or absent:
            # init itself refuses where there is one
            self.call("init")
        elif found.returncode != 0:
            raise self.failure(found)
        # only of processes of this host that are gone, and of what is half an hour old
        self.call("unlock")
        self._sweep()

    def _sweep(self) -> None:
        """Remove what killed runs were writing into a folder: restic gives it names of its own and forgets them.

        Source: https://github.com/restic/restic/issues/4372.
        """
        address = self._config.restic["RESTIC_REPOSITORY"]
        if not address.startswith("/"):
            return
        for file in Path(address).rglob("*-tmp-*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > STALE:
                    file.unlink()

    def back_up(self, paths: Iterable[Path], excluded: Iterable[str]) -> None:
        """A snapshot. What vanished while it was read, as objects do that are deleted, is looked at once more."""
        command = (
            *("backup", "--host", self._config.environment, "--tag", "objects"),
            *(f"--exclude={pattern}" for pattern in excluded),
            *map(str, paths),
        )
        done = self.call(*command, check=False)
        if done.returncode == INCOMPLETE:
            done = self.call(*command, check=False)
        if done.returncode != 0:
            raise self.failure(done)

    def forget(self, days: int) -> None:
        """Remove what is older, and its data; the last snapshot never expires."""
        kept = (f"--keep-within={days}d", "--keep-last=1")
        self.call("forget", "--host", self._config.environment, "--group-by=host", *kept, "--prune")

    def check(self, subset: str) -> None:
        """Whether the repository holds together, and whether a part of its data is what it was when it was written."""
        self.call("check", f"--read-data-subset={subset}")

    def snapshots(self) -> list[dict[str, Any]]:
        """Of this environment, the oldest first."""
        done = self.call("snapshots", "--json", "--host", self._config.environment)
        found: list[dict[str, Any]] = json.loads(done.stdout or "[]") or []
        return sorted(found, key=lambda row: str(row["time"]))

    def size(self) -> int:
        """Bytes that the repository takes."""
        return int(json.loads(self.call("stats", "--json", "--mode=raw-data").stdout)["total_size"])

    def restore(self, snapshot: str, paths: Iterable[Path], target: Path) -> None:
        """Bring these paths of a snapshot back below ``target``."""
        included = (f"--include={_literal(str(path))}" for path in paths)
        self.call("restore", snapshot, "--target", str(target), *included)


def _literal(path: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in path)


def _finish(process: subprocess.Popen[str], limit: float | None) -> tuple[str, str]:
    """Both outputs; whoever asks this program to end asks restic, which takes its lock away."""

    def end(*_: object) -> None:
        process.send_signal(signal.SIGINT)

    former = signal.signal(signal.SIGTERM, end)
    try:
        try:
            return process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            end()
            return process.communicate()
    except KeyboardInterrupt:
        process.wait()
        print("broken off", file=sys.stderr)
        sys.exit(os.EX_TEMPFAIL)
    finally:
        signal.signal(signal.SIGTERM, former)
