"""The logical dumps of a database: which there are, and whether one is whole."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.tools import as_postgres, last_words, run, say

_STAMP = "%Y%m%d_%H%M%S"
_BLOCK = 1 << 20


def of(config: Config, database: str) -> list[Path]:
    """The dumps of a database on this host, the newest last."""
    return sorted(p for p in config.dumps.glob(f"{database}_*.backup") if taken(p) is not None)


def taken(dump: Path) -> datetime | None:
    """When it was begun, by its name."""
    try:
        return datetime.strptime(dump.stem[-15:], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def choose(config: Config, database: str, wanted: Path | None) -> Path:
    """The dump that is named, else the newest; it is whole. Raises :class:`Failure` if there is none or it is not."""
    if database not in config.databases:
        raise Failure(f"no database {database}", f"one of {', '.join(config.databases)}")
    found = of(config, database)
    if wanted is None and not found:
        raise Failure(
            f"no dump of {database} in {config.dumps}", "name one with --from; the bucket has copies"
        )
    dump = wanted or found[-1]
    check(dump)
    return dump


def check(dump: Path) -> None:
    """Raises :class:`Failure` unless the dump matches its checksum, if it has one, and can be read to its end."""
    other = "take another one (dhanman-restore list), or a copy from the bucket"
    if not dump.is_file():
        raise Failure(f"no file {dump}", "dhanman-restore list")
    noted = dump.with_name(f"{dump.name}.sha256")
    if noted.exists() and noted.read_text().split()[0] != digest(dump):
        raise Failure(f"{dump} is not what was written: its SHA-256 is another", other)
    done = run(*as_postgres("pg_restore", "--file=/dev/null", str(dump)), check=False)
    if done.returncode != 0:
        raise Failure(f"{dump} can't be read", other, last_words(done))
    say(f"{dump}: whole" + ("" if noted.exists() else " (without a checksum)"))


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
