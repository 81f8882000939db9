"""What a host is told about the backup of its own configuration, written by the deployment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class HostConfig:
    """``host``: its name in the settings. ``directory``: where archives are. ``state``: status and metrics.

    ``paths``: what is kept, with ``*`` as in a shell; ``exclude``: what of it is not. ``rabbitmq``: whether the
    broker's definitions are kept too. ``bucket``: configuration of ``dhanman-bucket``, or None. ``passphrase``: the
    file that holds it.
    """

    environment: str
    host: str
    directory: Path
    state: Path
    retention_days: int
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    rabbitmq: bool
    passphrase: Path
    bucket: Path | None


def location(environment: str) -> Path:
    """Where the deployment writes it."""
    return Path(f"/etc/dhanman/{environment}/host-backup.json")


def parse(text: str) -> HostConfig:
    """The configuration that the deployment has written."""
    raw: dict[str, Any] = json.loads(text)
    raw |= {name: Path(raw[name]) for name in ("directory", "state", "passphrase")}
    raw |= {name: tuple(raw[name]) for name in ("paths", "exclude")}
    return HostConfig(**raw | {"bucket": Path(raw["bucket"]) if raw["bucket"] else None})
