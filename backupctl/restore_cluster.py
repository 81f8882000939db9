"""Everything to a point in time. The restored cluster is fetched beside the one that serves, which is kept.

On a new host the one that serves is empty, and the repository is that of the host that was lost.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from backupctl import pgbackrest
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.pgbackrest import Contents, is_segment
from backupctl.postgres import HEARTBEAT, Server
from backupctl.restore_database import BEFORE, stamp
from backupctl.services import stopped
from backupctl.tools import as_postgres, lock, now, run, say, size, wait

LATEST = "latest"
ARCHIVE_LIMIT = 120.0
"""Seconds to wait for the last segment to be archived."""
SPOOL = "/var/spool/pgbackrest/restore"
RECOVERY_LIMIT = 24 * 3600.0
ROOM = 1.1
"""Room that is needed, in sizes of the restored cluster."""


def parse(text: str) -> datetime | None:
    """A moment with or without its zone (then the host's), or None for ``latest``. Raises :class:`Failure`."""
    if text == LATEST:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Failure(f"{text!r} is no time", "write it as 2026-11-23T14:05:00+00:00, or latest") from None
    return (moment if moment.tzinfo else moment.astimezone()).astimezone(UTC)


def restore(config: Config, to: datetime | None, key: int | None) -> None:
    """Bring the cluster back to ``to`` (None: all that is archived). ``key``: a repository, or the first that can."""
    start = time.monotonic()
    fresh = config.data.with_name(f"{config.data.name}.restoring")
    kept = config.data.with_name(f"{config.data.name}{BEFORE}{stamp()}")
    with lock(config.state / "physical.lock", "a backup is running"):
        key = _source(config, to, key)
        _flush(config)
        try:
            _fetch(config, fresh, to, key)
            down = time.monotonic()
            _exchange(config, fresh, kept, to)
        except BaseException:
            _remove(fresh)
            raise
    say(f"the cluster is as of {to.isoformat() if to else 'the end of the archive'}")
    say(
        f"it took {time.monotonic() - start:.0f} s; services were stopped for {time.monotonic() - down:.0f} s"
    )
    say(f"kept: {kept}")
    say(f"next: look at it; pulumi up (logins); then `dhanman-restore drop {kept.name}`")


def _source(config: Config, to: datetime | None, key: int | None) -> int | None:
    """The repository that everything has to come from: ``key``, or the only one there is; None if several can give it.

    Raises :class:`Failure` unless a backup was complete by then and there is room for it.
    """
    held = [(r, pgbackrest.contents(config, r)) for r in config.repositories if key in (None, r.key)]
    _window(config, to, held)
    # WAL of another cluster is of no use, and asking for it would look like an archive that fails
    useful = [repository.key for repository, contents in held if contents.backups]
    return useful[0] if len(useful) == 1 else None


def _window(config: Config, to: datetime | None, held: list[tuple[Repository, Contents]]) -> None:
    """Whether a backup was complete by then, and whether there is room for it."""
    backups = [b for _, contents in held for b in contents.backups]
    if not backups:
        problems = "; ".join(f"repository {r.key}: {c.problem or 'no backup'}" for r, c in held)
        raise Failure(f"nothing to restore from: {problems}", "dhanman-restore list")
    usable = [b for b in backups if to is None or b.stop <= to.timestamp()]
    if not usable:
        oldest = datetime.fromtimestamp(min(b.stop for b in backups), UTC)
        raise Failure(f"the oldest backup is of {oldest.isoformat()}", "name a later time")
    if to and to > datetime.now(UTC):
        raise Failure(f"{to.isoformat()} is still to come", "name an earlier time, or latest")
    needed, free = max(b.size for b in usable) * ROOM, shutil.disk_usage(config.data.parent).free
    if free < needed:
        raise Failure(
            f"{size(needed)} are needed beside the cluster that is kept, {size(free)} are free",
            f"make room below {config.data.parent}, then try again; nothing was changed",
        )
    if run(*as_postgres("find", str(config.data / "pg_tblspc"), "-type", "l")).stdout.strip():
        raise Failure("the cluster has tablespaces", "restore it by hand with pgbackrest --tablespace-map")


def _flush(config: Config) -> None:
    """See that all that was committed until now is archived; what can't be is told, and not part of the restore."""
    server = Server(port=config.port)
    if not server.answers():
        say("PostgreSQL does not answer: what was not archived yet is not part of the restore")
        return
    system = server.tell("SELECT system_identifier FROM pg_control_system()")
    systems = {pgbackrest.contents(config, r).system for r in config.repositories}
    if systems - {system, ""}:
        say(
            "this host's cluster is not that of the repository, as on a new host: what is in it is kept, not restored"
        )
        return
    # a replay knows that it has reached a time only by a commit that comes later
    server.tell("SELECT pg_current_xact_id()")
    segment = server.tell("SELECT pg_walfile_name(pg_switch_wal())")

    def done() -> bool:
        last = server.tell("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver")
        return is_segment(last) and last >= segment

    say("waiting until everything up to now is archived")
    if not wait(done, ARCHIVE_LIMIT if systems == {system} else 0):
        say(
            "it is not: the newest changes may be missing from the restore; they are in the cluster that is kept"
        )


def _fetch(config: Config, fresh: Path, to: datetime | None, key: int | None) -> None:
    _remove(fresh)
    run(*as_postgres("mkdir", "--mode=0700", str(fresh)))
    # the folder is renamed before the server asks for WAL
    fetch = f"restore_command={pgbackrest.archive_get(config, key)}"
    # a restore empties its spool, and the usual one is in use by the archiving
    options = [f"--pg1-path={fresh}", f"--recovery-option={fetch}", f"--spool-path={SPOOL}"]
    options += [f"--repo={key}"] if key else []
    if to:
        options += ["--type=time", f"--target={to:%Y-%m-%d %H:%M:%S.%f+00}", "--target-action=promote"]
    say(f"fetching the backup into {fresh}; the cluster goes on serving")
    pgbackrest.call(config, "restore", *options)


def _exchange(config: Config, fresh: Path, kept: Path, to: datetime | None) -> None:
    with stopped(list(config.databases.values())):
        say(f"stopping {config.unit}")
        run("systemctl", "stop", config.unit)
        config.data.rename(kept)
        fresh.rename(config.data)
        try:
            _recover(config)
        except BaseException:
            say("putting the cluster of before back")
            run("systemctl", "stop", config.unit, check=False)
            _remove(config.data)
            kept.rename(config.data)
            run("systemctl", "reset-failed", config.unit, check=False)
            run("systemctl", "start", config.unit)
            raise
    # another cluster's repository, as on a new server, takes the restored one's WAL from now on
    done = pgbackrest.upgrade_stanza(config, check=False)
    if done.returncode != 0:
        say(f"warning: {pgbackrest.reason(done)}; {pgbackrest.advice(done)}")
    say(f"starting {config.first_backup}: a new backup, in the background")
    run("systemctl", "start", "--no-block", config.first_backup)


def _recover(config: Config) -> None:
    server, start = Server(port=config.port), now()
    say("replaying the WAL")
    run("systemctl", "start", config.unit, check=False)
    ended = False

    def promoted() -> bool:
        nonlocal ended
        with contextlib.suppress(Failure):
            return server.tell("SELECT pg_is_in_recovery()") == "f"
        ended = run("systemctl", "is-active", "--quiet", config.unit, check=False).returncode != 0
        return ended

    wait(promoted, RECOVERY_LIMIT)
    if not ended and server.answers():
        with contextlib.suppress(Failure):
            beat = datetime.fromtimestamp(float(server.tell(HEARTBEAT)), UTC)
            say(f"the last heartbeat in it is of {beat.isoformat()}: what was committed later is not in it")
        return
    words = _server_words(start)
    if "recovery ended before configured recovery target was reached" in words:
        raise Failure(
            "the archive ends before the time that was asked for",
            "name an earlier time (dhanman-restore list), or try the other repository with --repo",
            words,
        )
    if "could not restore file" in words:
        raise Failure(
            "the archive could not be read to its end",
            "try again when the repository answers, or take the other one with --repo",
            words,
        )
    raise Failure("the restored cluster does not start", "try another time, or the other repository", words)


def _server_words(since: float) -> str:
    """What the server complained of."""
    logs = [p for p in Path("/var/log/postgresql").glob("*.log") if p.stat().st_mtime >= since]
    lines = [line for p in sorted(logs) for line in p.read_text(errors="replace").splitlines()]
    return "\n".join([x for x in lines if "FATAL" in x or "ERROR: [" in x or "last completed" in x][-5:])


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
