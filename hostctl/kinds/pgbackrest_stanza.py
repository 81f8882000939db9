"""A stanza of pgBackRest: what ties a cluster to the repositories that hold its backups."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from hostctl import psql
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import write_file
from hostctl.kinds.postgres import NOT_THERE
from hostctl.report import progress, tail
from hostctl.run import run

PROGRAM = Path("/usr/bin/pgbackrest")
MADE = Path("/var/lib/dhanman/stanzas")
"""A file for each stanza: in which repositories it was made. A bucket is not asked whenever somebody looks."""
SOUND = (0, 2)
"""pgBackRest's status of a repository with and without a backup."""
EMPTY = 2
"""The one of them without a backup."""
OTHER_CLUSTER = 28
"""Its exit status where a repository holds another cluster's backups (``FileInvalidError``)."""
LOCKED = 50
"""Its exit status where another of its commands holds the stanza (``LockAcquireError``)."""
UNREADABLE = ("outside of section", "CryptoError")
"""What it says of files that were not decrypted with the right passphrase: what comes out is no text."""
PARTS = ("archive", "backup")
"""What a repository consists of."""
LIMIT = 300.0
PAUSE = 1.0
"""Seconds between two attempts at a stanza that another command holds, as archiving does for moments."""


class PgbackrestStanza(Kind):
    """The stanza is in every repository, and was made for the cluster that runs. Its first backup is started.

    A local repository with another passphrase, which data that was kept has once its state is gone, is set aside in its
    folder. A repository that belongs to another cluster, as on a new host with the bucket of a lost one, is left as it
    is and reported: nothing is archived into it until somebody restores from it.
    """

    name = "pgbackrest_stanza"
    phase = Phase.DATA

    @property
    def _made(self) -> Path:
        return MADE / f"{self.key}.json"

    def observe(self) -> State | None:
        """Status and cluster of the local repository, the cluster that runs, and what was made where."""
        if not PROGRAM.exists():
            return None
        server = psql.query(
            int(self.wanted["port"]),
            "SELECT json_build_object('system', (SELECT system_identifier::text FROM pg_control_system()));",
        )
        repository = self._repository()
        return {
            "status": repository["status"],
            "system": repository["system"],
            "server": (server or {}).get("system"),
            "unreadable": repository.get("unreadable", False),
            "made": self._made_in(),
        }

    def _repository(self) -> dict[str, Any]:
        done = self._call("info", "--output=json", "--repo=1", check=False)
        if done.returncode != 0:
            return {"status": done.returncode, "system": None}
        (repository,) = _repositories(done.stdout)
        return repository

    def _made_in(self) -> list[str]:
        try:
            made: list[str] = json.loads(self._made.read_text())
        except (OSError, ValueError):
            return []
        return made

    def _call(self, command: str, *options: str, check: bool = True) -> Any:
        argv = ["runuser", "-u", "postgres", "--", "pgbackrest", f"--stanza={self.key}", *options, command]
        return run(argv, check=check, timeout=LIMIT)

    def differs(self, state: State | None) -> list[str]:
        """Missing, unreadable, or another cluster's."""
        if state is None:
            return ["missing"]
        if state["server"] is None:
            return NOT_THERE
        if state["status"] in SOUND and state["system"] != state["server"]:
            return ["the local repository belongs to another cluster"]
        if state["status"] not in SOUND:
            return ["missing in the local repository, or not to be read there"]
        missing = [place for place in self.wanted["repositories"] if place not in state["made"]]
        return [f"not made in {place}" for place in missing]

    def apply(self, state: State | None) -> None:
        """Make it where it is missing, which changes none that is there; then start the first backup."""
        if state and state["unreadable"]:
            self._set_aside(Path(self.wanted["repositories"][0]))
        held = self._held()
        if not self._ours(held, state):
            if not self._make():
                return
            held = []
        self._remember(self.wanted["repositories"])
        if not held or any(repository["status"] == EMPTY for repository in held):
            run(["systemctl", "start", "--no-block", self.wanted["first_backup"]])

    def _held(self) -> list[dict[str, Any]]:
        """What every repository says of itself; nothing where they can't be asked."""
        done = self._call("info", "--output=json", check=False)
        return _repositories(done.stdout) if done.returncode == 0 else []

    def _ours(self, held: list[dict[str, Any]], state: State | None) -> bool:
        """Whether all have it, as a restore leaves them. Its backup may be running, beside which none can be made."""
        return len(held) == len(self.wanted["repositories"]) and all(
            repository["status"] in SOUND and repository["system"] == (state or {}).get("server")
            for repository in held
        )

    def _make(self) -> bool:
        """Make it. False where a repository is another cluster's, which is said and left as it is."""
        done = self._create()
        if done.returncode == OTHER_CLUSTER:
            progress(
                f"  {self.id}: a repository holds the backups of another cluster: nothing is archived into it"
            )
            progress("  next: restore them (dhanman-restore cluster), or give this cluster another place")
            return False
        if done.returncode != 0:
            raise HostError(
                "pgbackrest stanza-create failed",
                details=tail(done.stdout + "\n" + done.stderr),
                hint=_next_step(done),
            )
        return True

    def _create(self) -> Any:
        end = time.monotonic() + LIMIT
        done = self._call("stanza-create", check=False)
        if done.returncode == LOCKED:
            progress(f"  {self.id}: waiting for a backup that runs, {LIMIT:.0f} s at most")
        while done.returncode == LOCKED and time.monotonic() < end:
            time.sleep(PAUSE)
            done = self._call("stanza-create", check=False)
        return done

    def _set_aside(self, repository: Path) -> None:
        aside = repository / time.strftime("unreadable-%Y%m%d-%H%M%S", time.gmtime())
        aside.mkdir()
        for part in PARTS:
            if (repository / part).exists():
                (repository / part).rename(aside / part)
        progress(f"  {self.id}: backups with another passphrase are kept in {aside}; new ones begin")

    def _remember(self, repositories: list[str]) -> None:
        content = (json.dumps(repositories) + "\n").encode()
        write_file(self._made, content, mode="0600", owner="root", group="root")

    def restore(self, state: State) -> None:
        """Backups stay where they are; only that we made the stanza is forgotten, or remembered as before."""
        if state["made"]:
            self._remember(state["made"])
        else:
            self._made.unlink(missing_ok=True)

    def effects(self, state: State | None) -> list[str]:
        """The backup that follows."""
        return [f"start {self.wanted['first_backup']}, unless there is a backup"]


def _repositories(said: str) -> list[dict[str, Any]]:
    """Status, cluster and legibility of each repository in the answer of ``info --output=json`` for one stanza."""
    # a message about garbled files holds what they hold, control characters too
    (stanza,) = json.loads(said, strict=False)
    newest = {known.get("repo-key"): str(known["system-id"]) for known in stanza["db"]}
    return [
        {
            "status": repository["status"]["code"],
            "system": newest.get(repository.get("key")),
            "unreadable": any(words in repository["status"].get("message", "") for words in UNREADABLE),
        }
        for repository in stanza["repo"]
    ]


def _next_step(done: Any) -> str:
    if done.returncode == LOCKED:
        return (
            "wait until the backup that runs has ended (systemctl list-units 'dhanman-pgbackrest-*' on the host), "
            "then pulumi up"
        )
    if any(words in done.stderr + done.stdout for words in UNREADABLE):
        return "the bucket has backups with another passphrase: another backup.bucket.prefix, then pulumi up"
    return "check backup.bucket in the settings and that the host reaches its endpoint, then pulumi up"
