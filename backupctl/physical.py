"""Backups of the whole cluster: making them, and proving that what was made can be read."""

from __future__ import annotations

import re
import time
from typing import Any

from backupctl import pgbackrest, status
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.tools import lock, moment, now, say
from backupctl.watch import RUNS, watch

KINDS = {"full": "full", "incremental": "incr"}
"""Kinds of backups by the word that people say, as pgBackRest calls them."""


def back_up(config: Config, kind: str) -> None:
    """Make a backup in each repository; one that fails keeps no other from its backup.

    An incremental backup becomes a full one where there is none yet. Raises :class:`Failure` with all that failed.
    """
    _each(config, kind, lambda repository: _back_up(config, kind, repository))


def verify(config: Config) -> None:
    """Read everything in each repository again: checksums of all files, and no gap in the WAL."""
    _each(config, "verify", lambda repository: _verify(config, repository))


def _each(config: Config, work: str, step: Any) -> None:
    busy = f"another backup of {config.environment} is running"
    failures: list[Failure] = []
    with lock(config.state / "physical.lock", busy):
        for repository in config.repositories:
            say(f"{work}, repository {repository.key} ({repository.place})")
            start = time.monotonic()
            failure: Failure | None = None
            try:
                step(repository)
            except Failure as error:
                failure = error
                failures.append(
                    Failure(f"repository {repository.key}: {error.what}", error.next_step, error.details)
                )
            _note(config, work, repository, time.monotonic() - start, failure)
        if work in KINDS and not failures:
            pgbackrest.call(config, "check")
    watch(config)
    if failures:
        for failure in failures[1:]:
            say(f"also failed: {failure.what}")
        raise failures[0]


def _back_up(config: Config, kind: str, repository: Repository) -> None:
    pgbackrest.call(config, "backup", f"--type={KINDS[kind]}", f"--repo={repository.key}")
    newest = pgbackrest.contents(config, repository).newest
    if newest is None or newest.damaged:
        raise Failure(
            "pages of the database have wrong checksums" if newest else "no backup is there after all",
            "keep the backups that are there; pg_amcheck --all names the tables",
        )
    say(f"  {newest.label}: {newest.size} bytes, {newest.stored} stored, {newest.stop - newest.start:.0f} s")


def _verify(config: Config, repository: Repository) -> None:
    held = pgbackrest.contents(config, repository)
    if held.problem:
        raise Failure(held.problem, "correct the cause, then verify again")
    # its exit status is 0 whatever it finds
    said = pgbackrest.call(config, "verify", "--output=text", "--verbose", f"--repo={repository.key}").stdout
    wrong = damage(said)
    if wrong or "status: ok" not in said:
        raise Failure(
            "what is stored is damaged",
            "make a full backup now (systemctl start "
            f"{config.first_backup}); what is named here can't be restored from this repository",
            "\n".join(wrong) or said,
        )
    gaps = pgbackrest.missing_wal(config, repository, held.archive) if held.archive else []
    if gaps:
        raise Failure(
            f"WAL is missing: {', '.join(gaps)}",
            f"make a full backup now (systemctl start {config.first_backup}); no time inside the gap can be restored",
        )


_DAMAGE = re.compile(r"status: (error|invalid)|(missing|checksum invalid|size invalid|other): [1-9]")


def damage(said: str) -> list[str]:
    """The lines of ``verify --output=text --verbose`` that tell of something wrong."""
    return [line.strip() for line in said.splitlines() if _DAMAGE.search(line)]


def _note(config: Config, work: str, repository: Repository, seconds: float, failure: Failure | None) -> None:
    runs = status.read(config.state, RUNS)
    entry = {
        "work": work,
        "repository": repository.key,
        "result": "failed" if failure else "ok",
        "problem": failure.what if failure else "",
        "finished": now(),
        "seconds": round(seconds, 1),
    }
    found = runs.get("runs", {}) | {f"{work} {repository.key}": entry}
    failed = [key for key, run in found.items() if run["result"] != "ok"]
    report = {"result": "failed" if failed else "ok", "problems": failed, "runs": found}
    status.write(config.state, RUNS, report | {"finished": moment(now())})
