"""What tests of backups ask a host: SQL, pgBackRest, a bucket as the destination of its backups."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.acceptance.world import World
from tests.waiting import until

DATABASE = "local-dhanman-sales"
STATE = "/var/lib/dhanman-backup-local"
SQL = "runuser -u postgres -- psql -XAtq --set=ON_ERROR_STOP=1"
PGBACKREST = "runuser -u postgres -- pgbackrest --stanza=local"


def info(world: World, repository: int) -> dict[str, Any]:
    """What pgBackRest knows of a repository."""
    (stanza,) = json.loads(world.run(f"{PGBACKREST} --repo={repository} --output=json info"))
    found: dict[str, Any] = stanza
    return found


def sql(world: World, statement: str, database: str = DATABASE) -> str:
    """What statements print, run by the superuser."""
    return world.host.run([*SQL.split(), database], input=statement).stdout.strip()


def use_bucket(world: World, bucket: dict[str, Any]) -> None:
    """Backups of the world's environment go to ``bucket`` from its next ``up`` on."""
    # the file itself: merged over it, the keys of the other kind of bucket would stay
    file = world.project / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["dhanman:backup"]["bucket"] = bucket
    file.write_text(yaml.safe_dump(content))


def first_backups(world: World) -> None:
    """Wait until each repository has its first backup."""
    until(lambda: all(held["backup"] for held in (info(world, 1), info(world, 2))), 180)
