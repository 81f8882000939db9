"""What the program is told about its environment, written by the deployment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where pgBackRest keeps backups. ``key``: its number; ``place``: a path, or bucket and endpoint, for people."""

    key: int
    bucket: bool
    place: str


@dataclass(frozen=True, kw_only=True)
class Service:
    """Who uses a database: the systemd ``unit`` and the ``socket`` that answers ``/health/ready``."""

    unit: str
    socket: str


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What a column of a copy holds instead of what was in it.

    ``masker``: ``null``, ``fixed`` (``value``, as PostgreSQL reads it), ``hash``, ``email`` or ``redact``
    (:mod:`backupctl.masking`). ``optional``: the column may be missing.
    """

    schema: str
    table: str
    column: str
    masker: str
    value: str = ""
    optional: bool = False

    @property
    def place(self) -> str:
        """As people write it."""
        return f"{self.schema}.{self.table}.{self.column}"


@dataclass(frozen=True, kw_only=True)
class Original:
    """A database that is copied from another environment: its ``name`` there, and what is masked in it."""

    name: str
    masks: tuple[Mask, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Another environment whose backups are read. ``configuration``: pgBackRest's file for them; ``place``: the
    bucket, for people. ``databases``: each own database that is copied.
    """

    environment: str
    configuration: str
    place: str
    databases: dict[str, Original]


@dataclass(frozen=True, kw_only=True)
class Config:
    """``databases``: each with the service that uses it. ``state``: folder of status and metrics.

    ``archive_limit``, ``backup_limit``: seconds that the newest archived WAL and the newest backup may be old.
    ``dumps``: folder of the logical dumps. ``source``: where copies of data come from, if they may be made here.
    ``configuration``: pgBackRest's file; empty: its usual one.
    """

    environment: str
    stanza: str
    cluster: str
    port: int
    data: Path
    programs: Path
    state: Path
    dumps: Path
    archive_limit: int
    backup_limit: int
    repositories: tuple[Repository, ...]
    databases: dict[str, Service]
    first_backup: str
    source: Source | None = None
    configuration: str = ""

    @property
    def version(self) -> str:
        """PostgreSQL's major version."""
        return self.cluster.partition("/")[0]

    @property
    def unit(self) -> str:
        """The systemd unit of the cluster."""
        return f"postgresql@{self.cluster.replace('/', '-')}.service"

    @property
    def heartbeat(self) -> str:
        """The systemd unit that writes the heartbeat."""
        return f"dhanman-heartbeat-{self.environment}"

    @property
    def bucket(self) -> Repository | None:
        """The repository that outlives this host, if there is one."""
        return next((r for r in self.repositories if r.bucket), None)

    @property
    def farthest(self) -> Repository:
        """Where a restore starts from if the host is lost: the bucket, else the local repository."""
        return self.bucket or self.repositories[0]


_PATHS = ("data", "programs", "state", "dumps")


def parse(text: str) -> Config:
    """The configuration that the deployment has written."""
    raw: dict[str, Any] = json.loads(text)
    raw |= {name: Path(raw[name]) for name in _PATHS}
    raw["repositories"] = tuple(Repository(**r) for r in raw["repositories"])
    raw["databases"] = {name: Service(**s) for name, s in raw["databases"].items()}
    if raw.get("source"):
        raw["source"] = _source(raw["source"])
    return Config(**raw)


def _source(raw: dict[str, Any]) -> Source:
    databases = {
        own: Original(name=original["name"], masks=tuple(Mask(**mask) for mask in original["masks"]))
        for own, original in raw["databases"].items()
    }
    return Source(**raw | {"databases": databases})
