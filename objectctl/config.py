"""What the program is told about its environment, written by the deployment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Config:
    """``data``: the server's folder, ``buckets`` in it the objects'. ``program``: the server, of ``kind``.

    ``credentials``: file of its root key. ``state``: folder of status and metrics. ``restic``: variables that restic
    reads, secret ones too. ``retention_days``: how long snapshots stay.
    """

    environment: str
    state: Path
    cache: Path
    data: Path
    buckets: Path
    retention_days: int
    kind: str
    program: Path
    port: int
    credentials: Path
    backup_unit: str
    restic: dict[str, str]

    def root_key(self) -> dict[str, str]:
        """The server's root key, as :class:`hostctl.s3.Server` takes it."""
        lines = self.credentials.read_text().splitlines()
        access, secret = (line.split("=", 1)[1] for line in lines if "=" in line)
        return {"access_key": access, "secret_key": secret}


_PATHS = ("state", "cache", "data", "buckets", "program", "credentials")


def parse(text: str) -> Config:
    """The configuration that the deployment has written."""
    raw: dict[str, Any] = json.loads(text)
    return Config(**(raw | {name: Path(raw[name]) for name in _PATHS}))
