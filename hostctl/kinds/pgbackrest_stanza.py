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
OTHER_CLUSTER = 28
"""Its exit status where a repository holds another cluster's backups (``FileInvalidError``)."""
UNREADABLE = ("outside of section", "CryptoError")
"""What it says of files that were not decrypted with the right passphrase: what comes out is no text."""
PARTS = ("archive", "backup")
"""What a repository consists of."""
LIMIT = 300.0


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
        # a message about garbled files holds what they hold, control characters too
        (stanza,) = json.loads(done.stdout, strict=False)
        status = stanza["repo"][0]["status"]
        system = str(stanza["db"][-1]["system-id"]) if stanza["db"] else None
        unreadable = any(words in status.get("message", "") for words in UNREADABLE)
        return {"status": status["code"], "system": system, "unreadable": unreadable}

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
        done = self._call("stanza-create", check=False)
        if done.returncode == OTHER_CLUSTER:
            progress(
                f"  {self.id}: a repository holds the backups of another cluster: nothing is archived into it"
            )
            progress("  next: restore them (dhanman-restore cluster), or give this cluster another place")
            return
        if done.returncode != 0:
            raise HostError(
                "pgbackrest stanza-create failed",
                details=tail(done.stdout + "\n" + done.stderr),
                hint=(
                    "the bucket has backups with another passphrase: another backup.bucket.prefix, then pulumi up"
                    if any(words in done.stderr + done.stdout for words in UNREADABLE)
                    else "check backup.bucket in the settings and that the host reaches its endpoint, then pulumi up"
                ),
            )
        self._remember(self.wanted["repositories"])
        run(["systemctl", "start", "--no-block", self.wanted["first_backup"]])

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
        return [f"start {self.wanted['first_backup']}"]
