"""Makes a stack file with errors readable, so that the rules between the sound values can be checked as well.

Nothing of what is put in is ever used: a finding of a rule that touches a repaired value is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.settings.placeholders import HOST_KEY, SECRET, SHA256, VERSION
from components.settings.problems import Path

_STAND_INS: dict[str, Any] = {
    "environment": "qa",
    "address": "192.0.2.1",
    "hostKey": HOST_KEY,
    "memory": "1024GiB",
    "cores": 1024,
    "port": 65535,
    "range": "10.66.0.0/24",
    "domain": "repaired.invalid",
    "version": VERSION,
    "artifact": {"url": "https://repaired.invalid/x.tar.gz", "sha256": SHA256},
    "frontend": {
        "domain": "repaired.invalid",
        "version": VERSION,
        "artifact": {"url": "https://repaired.invalid/x.tar.gz", "sha256": SHA256},
    },
    "ssh": {"agent": True},
    "gateway": ["repaired"],
    "services": ["repaired"],
    "postgres": ["repaired"],
    "rabbitmq": ["repaired"],
    "backup": ["repaired"],
    "zone": "invalid",
    "zoneId": "0" * 32,
    "server": "192.0.2.1",
    "secret": "cmVwYWlyZWQ=",
    "issuers": ["repaired.invalid"],
    "rua": ["repaired@repaired.invalid"],
    "include": ["repaired.invalid"],
    "max": 1,
    "key": SECRET,
    "keyId": "placeholder0",
    "from": "repaired@repaired.invalid",
    "to": ["repaired@repaired.invalid"],
    "webhookUrl": "https://repaired.invalid",
    "user": "repaired",
    "password": SECRET,
}

_ENTRIES = {
    "issuers": "repaired.invalid",
    "wildcardIssuers": "repaired.invalid",
    "include": "repaired.invalid",
    "rua": "repaired@repaired.invalid",
}
"""What takes the place of an entry of a list, by the list's key; where there is none the rules are not checked."""


def repair(raw: dict[str, Any], errors: Iterable[tuple[Path, str]]) -> None:
    """Puts a stand-in where a value is missing and removes every other value with an error from ``raw``."""
    for path, kind in errors:
        if not path:
            continue
        holder: Any = raw
        for part in path[:-1]:
            holder = holder[int(part)] if isinstance(holder, list) else holder.get(part)
            if not isinstance(holder, dict | list):
                break
        if isinstance(holder, list):
            # Emptied by an earlier error of the same list, perhaps.
            if int(path[-1]) < len(holder):
                holder[int(path[-1])] = "repaired" if path[0] == "roles" else _ENTRIES.get(path[-2])
        elif isinstance(holder, dict):
            holder.pop(path[-1], None)
            if kind == "missing" and path[-1] in _STAND_INS:
                holder[path[-1]] = _STAND_INS[path[-1]]
