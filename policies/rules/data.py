"""Rules for data: kept, backed up, for long enough."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from policies.resource import Unit
from policies.stack import Breach, Stack

GUARDED_STACKS = ("prod", "qa")
RETENTION_DAYS = 30

# roles, defaults and programs can be made again from the settings, and keys are replaced by others
_REPLACEABLE = ("-roles", "-defaults", "-key", "-program", "-client")
_DATA = ("dhanman:postgres:PostgresServer", "dhanman:postgres:Database", "dhanman:rabbitmq:Rabbitmq",
         "dhanman:backup:BackupBucket", "dhanman:object_storage:ObjectStorage",
         "dhanman:object_storage:ObjectBackup")  # fmt: skip
_PASSWORD = "random:index/randomPassword:RandomPassword"
_DUMPED = re.compile(r"(?m)^databases=\(([^)]*)\)")
_DUMPS_KEPT = re.compile(r"(?m)^retention_days=(\d+)$")
_REPOSITORY = re.compile(r"(?m)^repo(\d+)-(path|retention-full|retention-full-type)=(\S+)$")


def data_is_protected(stack: Stack) -> Iterator[Breach]:
    """What holds data can't be deleted in prod and qa by mistake."""
    for resource in stack.resources:
        holds = any(kind in resource.types[:-1] for kind in _DATA)
        holds = holds and not resource.name.endswith(_REPLACEABLE)
        # a password that was rotated is replaced at its next turn, which protection would forbid
        holds = holds and not (resource.type == _PASSWORD and resource.inputs.get("keepers"))
        if resource.stack in GUARDED_STACKS and holds and not resource.protect:
            do = "give its component protect=True"
            yield Breach(resource=resource, wrong="holds data and is not protected", do=do)


def every_database_is_backed_up(stack: Stack) -> Iterator[Breach]:
    """Each database is dumped every night, and objects are backed up where there are buckets."""
    dumped = {
        name
        for _, unit in stack.units
        for text in unit.files.values()
        for names in _DUMPED.findall(text)
        for name in names.replace("'", " ").replace('"', " ").split()
        if _runs(unit, "dhanman-backup-")
    }
    objects = any(_runs(unit, "dhanman-object-backup-") for _, unit in stack.units)
    unseen = any("backup" in name for name in stack.unseen)
    for resource, unit in stack.units if not unseen else ():
        for thing in unit.of("postgres_database"):
            if thing["name"] not in dumped:
                yield Breach(
                    resource=resource,
                    wrong=f"the database {thing['name']} is in no nightly dump",
                    do="name it in the databases of the backup's unit, whose timer must run",
                )
        if any(unit.of("object_bucket")) and not objects:
            do = "make the ObjectBackup of its host"
            yield Breach(resource=resource, wrong="its buckets are backed up by no timer", do=do)


def _runs(unit: Unit, prefix: str) -> bool:
    return any(
        str(s.get("unit", "")).startswith(prefix) and str(s["unit"]).endswith(".timer") and s.get("running")
        for s in unit.of("service")
    )


def backups_are_kept_long_enough(stack: Stack) -> Iterator[Breach]:
    """Dumps, physical backups, objects and configuration can be had back for 30 days."""
    for resource, unit in stack.units:
        for path, text in unit.files.items():
            for what, days in _retentions(path, text):
                if days is None or days < RETENTION_DAYS:
                    kept = "for no set time" if days is None else f"for {days} days"
                    yield Breach(
                        resource=resource,
                        wrong=f"{path} keeps {what} {kept}",
                        do=f"set backup.retentionDays to {RETENTION_DAYS} or more",
                    )


def _retentions(path: str, text: str) -> Iterator[tuple[str, int | None]]:
    for days in _DUMPS_KEPT.findall(text):
        yield "dumps", int(days)
    if path.endswith("/pgbackrest.conf"):
        given: dict[str, dict[str, str]] = {}
        for number, key, value in _REPOSITORY.findall(text):
            given.setdefault(number, {})[key] = value
        for number, keys in given.items():
            days = keys.get("retention-full", "")
            timed = keys.get("retention-full-type") == "time" and days.isdecimal()
            yield f"the backups of repository {number}", int(days) if timed else None
    if path.endswith("backup.json") and "alerts.d" not in path:
        content: Any = json.loads(text)
        kept = content.get("retention_days") if isinstance(content, dict) else None
        yield "what it backs up", kept if isinstance(kept, int) else None
