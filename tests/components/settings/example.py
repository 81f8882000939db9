"""A complete, correct configuration and changed copies of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol

from components.settings import Settings

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBsYWNlaG9sZGVyOiBub3QgYSByZWFsIGhvc3Qga2V5"
DIGEST = "a" * 64

CONFIG: dict[str, Any] = {
    "environment": "qa",
    "hosts": {"main": {"address": "192.0.2.10", "hostKey": HOST_KEY, "memory": "16GiB", "cores": 8}},
    "roles": {role: ["main"] for role in ("gateway", "services", "postgres", "rabbitmq", "backup")},
    "ssh": {"agent": True},
    "services": {
        name: {
            "port": port,
            "domain": f"{name}.example.com",
            "version": "1.4.2",
            "artifact": {"url": f"https://example.com/{name}.tar.gz", "sha256": DIGEST},
        }
        for port, name in ((5101, "common"), (5106, "sales"))
    },
    "frontend": {
        "domain": "app.example.com",
        "version": "2.0.0",
        "artifact": {"url": "https://example.com/app.tar.gz", "sha256": DIGEST},
    },
}


class Load(Protocol):
    """Loads the correct configuration with changes: dotted path to value, ``DELETE`` to take one out."""

    def __call__(
        self, changes: Mapping[str, Any] | None = None, /, *, stack: str = ..., **options: Any
    ) -> Settings:
        """The settings of the changed configuration."""
        ...


DELETE = object()


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The correct configuration with each change applied, as Pulumi's map of it."""
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *above, last = path.split("/")
        part = config
        for key in above:
            part = part.setdefault(key, {})
        if value is DELETE:
            del part[last]
        else:
            part[last] = copy.deepcopy(value)
    return {f"dhanman:{key}": value for key, value in config.items()}
