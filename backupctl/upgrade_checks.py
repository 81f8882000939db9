"""What must hold before an upgrade begins; all that does not is told at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from backupctl import drill, status
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.postgres import Server
from backupctl.tools import as_postgres, now, run, size
from backupctl.versions import Version
from backupctl.watch import watch

CHECKSUMS_BY_DEFAULT = 18
ROOM = 1.2
_SHAPE = """SELECT json_build_object('bytes', (SELECT sum(pg_database_size(oid)) FROM pg_database),
    'other_locales', (SELECT count(*) FROM pg_database WHERE datlocprovider <> 'c'),
    'settings', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings
                 WHERE sourcefile LIKE '%/postgresql.auto.conf' AND name !~ '^(restore_command|recovery_)'),
    'databases', (SELECT json_agg(datname) FROM pg_database WHERE datallowconn))"""


def refuse(config: Config, before: Version, after: Version) -> None:
    """Raises :class:`Failure` with everything that stands against the upgrade."""
    found = list(_problems(config, before, after))
    if found:
        raise Failure(
            f"{before.cluster} can't be upgraded to {after.number}",
            "put each of these right, then try again; nothing was changed",
            "\n".join(found),
        )


def _problems(config: Config, before: Version, after: Version) -> Iterator[str]:
    if int(after.number) <= int(before.number):
        yield f"{after.number} is not newer than {before.number}"
        return
    if not (after.programs / "pg_upgrade").exists():
        yield (
            f"PostgreSQL {after.number} is not installed: postgres.alongside: {after.number} in the settings, pulumi up"
        )
        return
    if after.exists:
        yield f"there is a cluster {after.cluster} already: look at it (pg_lsclusters), then pg_dropcluster"
    server = Server(port=config.port)
    if not server.answers():
        yield "PostgreSQL does not answer: pg_lsclusters"
        return
    yield from drill_problems(config, Path(f"/etc/dhanman/{config.environment}/data-gate.json"))
    # what can't be restored must not be changed: a newest backup, an archive that gets on, no failed run
    yield from watch(config)
    shape = server.ask(_SHAPE)
    needed, free = float(shape["bytes"]) * ROOM, shutil.disk_usage("/var/lib/postgresql").free
    if free < needed:
        yield f"{size(needed)} are needed for the copy, {size(free)} are free below /var/lib/postgresql"
    if shape["other_locales"]:
        yield "a database has a locale of ICU or of PostgreSQL itself: upgrade it by hand with pg_upgradecluster"
    if shape["settings"]:
        yield f"set by ALTER SYSTEM, which is not taken over: {', '.join(shape['settings'])}; RESET it"
    if run(*as_postgres("find", str(config.data / "pg_tblspc"), "-type", "l")).stdout.strip():
        yield "the cluster has tablespaces: upgrade it by hand with pg_upgradecluster"
    for database in shape["databases"]:
        names: list[str] = server.ask("SELECT json_agg(extname) FROM pg_extension", database)
        for name in names or []:
            if not (after.extensions / f"{name}.control").exists():
                yield f"{database}: the extension {name} is not there for {after.number}: install its package"


def drill_problems(config: Config, gate: Path) -> Iterator[str]:
    """The restore drill that the settings require (``backup.requireDrill``), if none has succeeded lately."""
    try:
        wanted = json.loads(gate.read_text())
    except FileNotFoundError:
        return
    last = float(status.read(config.state, drill.REPORT).get("succeeded", 0))
    if not wanted["anyway"] and now() - last > int(wanted["hours"]) * 3600:
        unit = f"dhanman-pgbackrest-{config.environment}@drill"
        yield f"no restore drill has succeeded within {wanted['hours']} h: systemctl start {unit}"
