"""A cluster that is restored beside the one that serves: reached over a Unix socket in its own folder alone.

The folder belongs to ``postgres`` and lets nobody else in.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backupctl import pgbackrest
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.postgres import Server
from backupctl.tools import LAST_LINES, as_postgres, run, wait

DRILL = "dhanman-drill"
PORT = 5999
"""Part of the socket's name; no port is opened."""
START_LIMIT = 6 * 3600
_CONFIGURATION = """# a scratch cluster
hot_standby = off
listen_addresses = ''
logging_collector = off
archive_mode = off
shared_buffers = 128MB
fsync = off
"""


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """``folder`` holds the data, the socket and the log. ``seconds``: from the first byte until it took queries."""

    config: Config
    folder: Path
    seconds: float = 0

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    @property
    def server(self) -> Server:
        """Where it answers."""
        return Server(port=PORT, socket=str(self.folder))

    def _control(self, *words: str, check: bool = True) -> None:
        program = str(self.config.programs / "pg_ctl")
        run(*as_postgres(program, "--silent", "--pgdata", str(self.data), *words), check=check)

    def _is_there(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def start(self) -> None:
        """Start it and wait until the target is reached and it takes queries. Raises :class:`Failure` if it ends."""
        settings = self.folder / "scratch.conf"
        access = self.folder / "hba.conf"
        access.write_text("local all postgres peer\n")
        settings.write_text(_CONFIGURATION + f"hba_file = '{access}'\n")
        # options beat whatever the restored postgresql.auto.conf says
        lines = [
            *_CONFIGURATION.splitlines()[1:],
            f"unix_socket_directories = '{self.folder}'",
            f"port = {PORT}",
        ]
        options = [f"-c config_file={settings}", f"-c hba_file={access}"]
        options += [f"-c {name}={value}" for name, value in (line.split(" = ") for line in lines)]
        log = self.folder / "log"
        limit = ("--wait", "--timeout", str(START_LIMIT))
        self._control(*limit, "--log", str(log), "--options", " ".join(options), "start", check=False)
        # without hot_standby it takes queries only once the recovery has ended
        wait(lambda: not self._is_there() or self.server.answers(), START_LIMIT)
        if not self.server.answers():
            lines = [x for x in log.read_text(errors="replace").splitlines() if "FATAL" in x or "ERROR" in x]
            raise Failure(
                "the restored cluster does not come up, or does not reach its moment",
                "a verify where the backups are made tells damage and missing WAL; a full backup there ends both",
                "\n".join(lines[-LAST_LINES:]),
            )

    def stop(self) -> None:
        """Stop it, if it runs, in good order."""
        if self._is_there():
            self._control("--mode", "fast", "stop", check=False)


@contextlib.contextmanager
def restored(
    config: Config, repository: Repository, target: str, name: str = DRILL, databases: Sequence[str] = ()
) -> Iterator[Scratch]:
    """The cluster as of ``target`` (a timestamp of PostgreSQL; empty: the end of the archive), restored from the
    repository into the folder ``name`` beside the data directory; gone afterwards.

    ``databases``: fetch these alone; the others are there and can't be used. Empty: all.
    """
    folder = config.data.parent / name
    scratch = Scratch(config=config, folder=folder)
    remove(scratch)
    # who may enter is decided before anything is in it
    run(*as_postgres("mkdir", "--mode=0700", str(folder)))
    try:
        start = time.monotonic()
        run(*as_postgres("mkdir", "--mode=0700", str(scratch.data)))
        # a restore empties its spool, and the usual one is in use by the archiving
        tablespaces, spool = folder / "tablespaces", folder / "spool"
        moment = ("--type=time", f"--target={target}", "--target-action=promote") if target else ()
        places = (f"--pg1-path={scratch.data}", f"--spool-path={spool}")
        # a gap in this repository is not filled from another one
        fetch = pgbackrest.archive_get(config, repository.key, *places)
        pgbackrest.call(
            config, "restore", f"--repo={repository.key}", *places, *moment, "--archive-mode=off",
            f"--tablespace-map-all={tablespaces}", f"--recovery-option=restore_command={fetch}",
            *(f"--db-include={database}" for database in databases),
        )  # fmt: skip
        scratch.start()
        yield Scratch(config=config, folder=folder, seconds=time.monotonic() - start)
    finally:
        remove(scratch)


def remove(scratch: Scratch) -> None:
    """Stop and remove it, also what a drill that was killed has left."""
    scratch.stop()
    if scratch.folder.exists():
        shutil.rmtree(scratch.folder)
