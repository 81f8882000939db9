"""Calling pgBackRest and reading what it knows (its user guide and command reference, https://pgbackrest.org)."""

from __future__ import annotations

import itertools
import json
import subprocess
from dataclasses import dataclass
from typing import Any

from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.tools import as_postgres, last_words, run, wait

NO_BACKUPS = 2
"""Its status code where a repository is sound and still empty."""
PATIENCE = 20
"""Seconds that a bucket has to answer somebody who only looks."""
_LOCKED = 50
"""Its exit status where another of its commands holds the stanza, as archiving does for moments."""
LOCK_LIMIT = 60.0
"""Seconds to wait for it."""
_UNREADABLE = "outside of section"
"""What it says of a file that was not decrypted with the right passphrase: what comes out is no text."""
_WRONG_KEY = "what it holds can't be read: another passphrase, or a damaged file"


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One backup. ``full``: it needs no other one. Times in seconds since the epoch, sizes in bytes.

    ``damaged``: pages whose checksum was wrong when they were read from the database.
    """

    label: str
    full: bool
    start: float
    stop: float
    size: int
    stored: int
    damaged: bool


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a repository holds. ``problem``: why it can't be used, or nothing.

    Everything belongs to the cluster that it was made for last, not to those before it, of another version of
    PostgreSQL or of another host: ``archive`` is its folder, ``system`` identifies it, ``version`` is its version.
    """

    backups: tuple[Backup, ...] = ()
    newest_wal: str = ""
    archive: str = ""
    system: str = ""
    version: str = ""
    problem: str = ""

    @property
    def newest(self) -> Backup | None:
        """The newest backup of any kind."""
        return self.backups[-1] if self.backups else None

    @property
    def newest_full(self) -> Backup | None:
        """The newest backup that needs no other one."""
        return next((b for b in reversed(self.backups) if b.full), None)


def call(
    config: Config, command: str, *options: str, path: str = "", check: bool = True, next_step: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run one of its commands for the environment's stanza."""
    argv = as_postgres(*_program(config), *options, command, *([path] if path else []))
    done = run(*argv, check=False)
    if check and done.returncode != 0:
        raise _failure(done, command, next_step)
    return done


def upgrade_stanza(
    config: Config, *, check: bool = True, next_step: str = ""
) -> subprocess.CompletedProcess[str]:
    """Make the repositories those of the cluster that runs now, after a restore or another version."""
    tries: list[subprocess.CompletedProcess[str]] = []

    def through() -> bool:
        tries.append(call(config, "stanza-upgrade", check=False))
        return tries[-1].returncode != _LOCKED

    wait(through, LOCK_LIMIT)
    done = tries[-1]
    if check and done.returncode != 0:
        raise _failure(done, "stanza-upgrade", next_step)
    return done


def _failure(done: subprocess.CompletedProcess[str], command: str, next_step: str) -> Failure:
    return Failure(f"pgbackrest {command}: {reason(done)}", next_step or advice(done), last_words(done))


def _program(config: Config) -> list[str]:
    where = [f"--config={config.configuration}"] if config.configuration else []
    return ["pgbackrest", f"--stanza={config.stanza}", *where]


def archive_get(config: Config, key: int | None, *options: str) -> str:
    """The command by which a restored server gets WAL; ``key``: from this repository alone.

    PostgreSQL takes a failure for the end of the archive, and would serve without what follows; a status above 125 it
    does not (its documentation, "Recovering Using a Continuous Archive Backup"). pgBackRest says 1 where a segment is
    not there, and more where it can't tell.
    """
    where = [f"--repo={key}"] if key else []
    words = " ".join([*_program(config), *where, *options, 'archive-get %f "%p"'])
    return f"{words} || {{ test $? -eq 1 && exit 1; exit 126; }}"


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says why it failed."""
    text = f"{done.stdout}\n{done.stderr}"
    errors = [line.partition("ERROR: ")[2] for line in text.splitlines() if "ERROR: " in line]
    return _readable(text, errors[-1] if errors else f"exit status {done.returncode}")


def _readable(text: str, line: str) -> str:
    return _WRONG_KEY if _UNREADABLE in text or "CryptoError" in text else line


def advice(done: subprocess.CompletedProcess[str]) -> str:
    """What to do about a failure, by its kind."""
    text = f"{done.stdout}\n{done.stderr}"
    if done.returncode == _LOCKED:
        return (
            "a backup, or another command of pgBackRest, is running: wait until it has ended, then try again"
        )
    if _UNREADABLE in text or "CryptoError" in text:
        return "the passphrase in /etc/pgbackrest/pgbackrest.conf is not that of the repository: pulumi up restores it"
    if "unable to connect" in text or "timeout" in text or "HostConnectError" in text:
        return "check that the host reaches the bucket's endpoint (DNS, firewall, provider's status), then try again"
    if "No space left" in text:
        return "make room (df -h, df -i), then try again"
    if "AccessDenied" in text or "SignatureDoesNotMatch" in text or "InvalidAccessKeyId" in text:
        return "check backup.bucket in the settings and what its key may do, then pulumi up"
    return "see /var/log/pgbackrest, correct the cause, then try again"


def contents(config: Config, repository: Repository) -> Contents:
    """What the repository holds; a repository that can't be read has a ``problem``."""
    options = ("--output=json", f"--repo={repository.key}", f"--io-timeout={PATIENCE}")
    done = call(config, "info", *options, check=False)
    if done.returncode != 0:
        return Contents(problem=reason(done))
    # a message about garbled files holds what they hold, control characters too
    return parsed(json.loads(done.stdout, strict=False))


def parsed(info: list[dict[str, Any]]) -> Contents:
    """The answer of ``info --output=json`` for one stanza and one repository."""
    if not info:
        return Contents(problem="the stanza is missing")
    stanza = info[0]
    status = stanza["repo"][0]["status"]
    if status["code"] not in (0, NO_BACKUPS):
        message = str(status["message"])
        return Contents(problem=_readable(message, message.splitlines()[0]))
    database = stanza["db"][-1]["id"] if stanza["db"] else None
    # a cluster that came back after an upgrade has two numbers
    system = stanza["db"][-1]["system-id"] if stanza["db"] else None
    same = {known["id"] for known in stanza["db"] if known["system-id"] == system}
    archives = [a for a in stanza["archive"] if a["database"]["id"] == database]
    return Contents(
        backups=tuple(_backup(b) for b in stanza["backup"] if b["database"]["id"] in same),
        newest_wal=(archives[-1]["max"] or "") if archives else "",
        archive=archives[-1]["id"] if archives else "",
        system=str(stanza["db"][-1]["system-id"]) if stanza["db"] else "",
        version=str(stanza["db"][-1].get("version", "")) if stanza["db"] else "",
    )


def databases(config: Config, repository: Repository, label: str) -> set[str]:
    """The databases that a backup holds; those that were made after it are in the WAL alone."""
    done = call(config, "info", "--output=json", f"--repo={repository.key}", f"--set={label}")
    (backup,) = json.loads(done.stdout, strict=False)[0]["backup"]
    return {database["name"] for database in backup["database-ref"]}


def _backup(raw: dict[str, Any]) -> Backup:
    return Backup(
        label=raw["label"],
        full=raw["type"] == "full",
        start=raw["timestamp"]["start"],
        stop=raw["timestamp"]["stop"],
        size=raw["info"]["size"],
        stored=raw["info"]["repository"]["delta"],
        damaged=bool(raw.get("error")),
    )


def missing_wal(config: Config, repository: Repository, database: str) -> list[str]:
    """Gaps in the archive, each as ``first to last``. ``database``: the archive's folder, such as ``18-1``.

    ``pgbackrest verify`` takes a gap for the end of one range and the start of the next.
    """
    folder = f"archive/{config.stanza}/{database}"
    options = ("--recurse", "--output=json", f"--repo={repository.key}")
    listing = call(config, "repo-ls", *options, path=folder)
    names = (path.rpartition("/")[2][:SEGMENT] for path in json.loads(listing.stdout))
    return gaps(sorted({name for name in names if is_segment(name)}))


SEGMENT = 24
"""Length of a WAL segment's name: timeline, log and segment, eight hexadecimal digits each."""


def is_segment(name: str) -> bool:
    """Whether it is the name of a whole WAL segment."""
    return len(name) == SEGMENT and all(c in "0123456789ABCDEF" for c in name)


def gaps(segments: list[str]) -> list[str]:
    """What is missing between sorted names of segments of 16 MiB, on each timeline."""
    found = []
    for before, after in itertools.pairwise(segments):
        first, last = _number(before) + 1, _number(after) - 1
        if before[:8] == after[:8] and first <= last:
            found.append(f"{_name(before[:8], first)} to {_name(before[:8], last)}")
    return found


_IN_A_LOG = 256


def _number(segment: str) -> int:
    return int(segment[8:16], 16) * _IN_A_LOG + int(segment[16:], 16)


def _name(timeline: str, number: int) -> str:
    return f"{timeline}{number // _IN_A_LOG:08X}{number % _IN_A_LOG:08X}"
