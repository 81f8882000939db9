"""Data of another environment, masked: its backup becomes this environment's databases.

The backup is restored into a scratch cluster that nobody but ``postgres`` reaches, masked there, and only then copied
into new databases, which change names with the current ones. So the new databases hold no earlier version of a row, and
what was not masked never leaves the scratch cluster. Nothing is written to the source.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from backupctl import counts, masking, pgbackrest, services
from backupctl.config import Config, Original, Repository, Service, Source
from backupctl.errors import Failure
from backupctl.postgres import Server
from backupctl.restore_database import BEFORE, drop, exchange, made, stamp
from backupctl.scratch import Scratch, remove, restored
from backupctl.tools import as_postgres, lock, pipe, run, say, size

FOLDER = "dhanman-copy"
LOCK = "copy.lock"
FRESH = "-copying"
ROOM = 1.2
STATISTICS = 18
"""The first version whose dumps may hold statistics, in which values of before the masking would be."""


def copy(config: Config, names: Sequence[str], to: datetime | None) -> None:
    """Replace these databases (none: all that have masks) by masked copies of the source's as of ``to`` (None: now).

    Those of before are kept beside them. Raises :class:`Failure`; then they serve as before.
    """
    start = time.monotonic()
    source = config.source
    if source is None:
        raise Failure("this environment takes no copies", "qaFromProd in the settings, then pulumi up")
    chosen = _chosen(source, names)
    repository = Repository(key=1, bucket=True, place=source.place)
    origin = dataclasses.replace(
        config, stanza=source.environment, configuration=source.configuration, repositories=(repository,)
    )
    server = Server(port=config.port)
    with lock(config.state / LOCK, "another copy is being made"):
        taken = _held(config, origin, repository)
        say(f"restoring {taken} of {source.environment} from {source.place}, where nobody reaches it")
        target = f"{to:%Y-%m-%d %H:%M:%S.%f+00}" if to else ""
        originals = {original.name for original in chosen.values()}
        # what is not asked for need not be fetched, unless one of them is younger than the backup
        alone = sorted(originals) if originals <= pgbackrest.databases(origin, repository, taken) else ()
        try:
            with restored(origin, repository, target, FOLDER, alone) as scratch:
                _fill(config, scratch, server, chosen)
            down = time.monotonic()
            kept = _take(config, server, list(chosen))
        except BaseException:
            # where the server itself is what fails, the first failure is the one to tell
            with contextlib.suppress(Failure):
                for name in chosen:
                    drop(server, f"{name}{FRESH}")
            raise
    say(
        f"it took {time.monotonic() - start:.0f} s; services were stopped for {time.monotonic() - down:.0f} s"
    )
    say(f"kept: {' '.join(kept)}")
    say(
        "next: look at it; then `dhanman-restore drop NAME` for each of them, or `dhanman-restore undo DATABASE`"
    )


def _chosen(source: Source, names: Sequence[str]) -> dict[str, Original]:
    unknown = [name for name in names if name not in source.databases]
    if unknown:
        raise Failure(
            f"{', '.join(unknown)}: nothing says what is masked in it",
            f"one of {', '.join(source.databases)}; qaFromProd.mask in the settings names what may be copied",
        )
    return {name: source.databases[name] for name in names or source.databases}


def _held(config: Config, origin: Config, repository: Repository) -> str:
    """The backup that is newest. Raises :class:`Failure` if there is none, or it can't be restored here."""
    held = pgbackrest.contents(origin, repository)
    if held.newest is None:
        raise Failure(
            f"nothing to copy in {repository.place}: {held.problem or 'no backup yet'}",
            "check qaFromProd.bucket and qaFromProd.passphrase in the settings",
        )
    if held.version and held.version != config.version:
        raise Failure(
            f"its PostgreSQL is {held.version}, the one here {config.version}",
            "both must be of one version: upgrade the older one",
        )
    _room(config, held.newest.size * ROOM)
    return held.newest.label


def _room(config: Config, needed: float) -> None:
    free = shutil.disk_usage(config.data.parent).free
    if free < needed:
        raise Failure(
            f"{size(needed)} are needed, {size(free)} are free", f"make room below {config.data.parent}"
        )


def _fill(config: Config, scratch: Scratch, server: Server, chosen: dict[str, Original]) -> None:
    """Mask in the scratch cluster, then copy into new databases beside the current ones."""
    salted = masking.salt()
    for original in chosen.values():
        say(f"masking {len(original.masks)} columns of {original.name}")
        masking.mask(scratch.server, original.name, original.masks, salted)
    names = ", ".join(f"'{original.name}'" for original in chosen.values())
    total = scratch.server.ask(
        f"SELECT sum(pg_database_size(oid)) FROM pg_database WHERE datname IN ({names})"
    )
    _room(config, float(total) * ROOM)
    for name, original in chosen.items():
        fresh = f"{name}{FRESH}"
        say(f"copying {original.name} beside {name}, which goes on serving")
        with made(server, name, fresh):
            _copy(config, scratch.server, original.name, server, fresh)
            run(*as_postgres("vacuumdb", "--analyze-only", "--quiet", *server.words(fresh)))
            _compare(scratch.server, original.name, server, fresh)


def _copy(config: Config, there: Server, original: str, server: Server, fresh: str) -> None:
    statistics = ("--no-statistics",) if int(config.version) >= STATISTICS else ()
    # rights of people of the other environment are none here
    dump = (
        "pg_dump",
        "--format=custom",
        "--compress=0",
        "--no-privileges",
        *statistics,
        *there.words(original),
    )
    load = ("pg_restore", "--exit-on-error", "--no-privileges", *server.words(fresh))
    step = (
        "nothing was changed; a role that owns something there must be here as well, and so must extensions"
    )
    pipe(as_postgres(*dump), as_postgres(*load), next_step=step)


def _compare(there: Server, original: str, server: Server, fresh: str) -> None:
    expected, found = (
        {table: counted.rows for table, counted in counts.tables(where, name).items()}
        for where, name in ((there, original), (server, fresh))
    )
    if expected != found:
        wrong = [t for t in sorted(expected.keys() | found.keys()) if expected.get(t) != found.get(t)]
        raise Failure(
            f"{original}: the copy has other rows in {', '.join(wrong)}", "copy again; nothing was changed"
        )


def _take(config: Config, server: Server, names: Iterable[str]) -> list[str]:
    """Let the copies serve; what they replace is kept under the names that are returned."""
    mark = f"{BEFORE}{stamp()}"
    done: list[str] = []
    with services.stopped([config.databases[name] for name in names]):
        try:
            for name in names:
                exchange(server, name, f"{name}{FRESH}", f"{name}{mark}")
                done.append(name)
            for name in names:
                _migrate(config.databases[name])
        except BaseException:
            for name in done:
                exchange(server, name, f"{name}{mark}", f"{name}{FRESH}")
            raise
    return [f"{name}{mark}" for name in done]


def _migrate(service: Service) -> None:
    """What the service's release does to its database: here it may be newer than where the data comes from."""
    name = service.unit.removesuffix(".service")
    if run("systemctl", "cat", f"{name}-migrate@.service", check=False).returncode != 0:
        return
    current = Path(service.socket)
    if not current.is_symlink():
        raise Failure(
            f"no release of {service.unit} serves here, so none can migrate", "pulumi up, then copy again"
        )
    slot = current.readlink().parent.name.rpartition("-")[2]
    unit = f"{name}-migrate@{slot}.service"
    say(f"migrating: {unit}")
    run("systemctl", "stop", unit, check=False)
    try:
        step = f"journalctl -u {unit}, and the service's error log; the databases of before serve again"
        run("systemctl", "start", unit, next_step=step)
    finally:
        run("systemctl", "stop", unit, check=False)


def clean(config: Config) -> None:
    """Remove what a copy that was killed has left: it is not masked."""
    folder = config.data.parent / FOLDER
    if not folder.exists():
        return
    try:
        with lock(config.state / LOCK, "a copy is being made"):
            say(f"removing {folder}, which a copy that was broken off has left")
            remove(Scratch(config=config, folder=folder))
    except Failure:
        return
