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
class Config:
    """``databases``: each with the service that uses it. ``state``: folder of status and metrics.

    ``archive_limit``, ``backup_limit``: seconds that the newest archived WAL and the newest backup may be old.
    ``dumps``: folder of the logical dumps.
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

    @property
    def unit(self) -> str:
        """The systemd unit of the cluster."""
        return f"postgresql@{self.cluster.replace('/', '-')}.service"

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
    return Config(**raw)
