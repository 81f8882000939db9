"""``dhanman-restore``: what can be had back, and the commands that do it."""

from __future__ import annotations

import argparse
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from backupctl import (
    dumps,
    from_prod,
    host_config,
    host_restore,
    pgbackrest,
    restore_cluster,
    restore_database,
    restore_table,
)
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.host_backup import KINDS
from backupctl.postgres import Server
from backupctl.restore_database import BEFORE
from backupctl.tools import moment, say, size


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="dhanman-restore",
        description="Restores what backups hold. What is replaced is kept until you drop it.",
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="WHAT")
    verbs.add_parser("list", help="what can be restored, and what restores have put aside")
    database = verbs.add_parser(
        "database", help="one database from a dump; its service is stopped for seconds"
    )
    database.add_argument("name")
    table = verbs.add_parser("table", help="one table from a dump, beside the current one")
    table.add_argument("database")
    table.add_argument("table", help="TABLE or SCHEMA.TABLE")
    table.add_argument("--replace", action="store_true", help="its rows take the place of the current ones")
    for verb in (database, table):
        verb.add_argument("--from", dest="dump", type=Path, help="a dump's file; default: the newest")
    cluster = verbs.add_parser(
        "cluster", help="everything, to a point in time; all services are stopped meanwhile"
    )
    cluster.add_argument("--to", required=True, help="2026-11-23T14:05:00+00:00, or latest")
    cluster.add_argument("--repo", type=int, help="number of the repository; default: the first that can")
    copied = verbs.add_parser(
        "from-prod", help="databases of another environment, masked; see qaFromProd in the settings"
    )
    copied.add_argument("names", nargs="*", metavar="DATABASE", help="of this environment; default: all")
    copied.add_argument("--to", default="latest", help="2026-11-23T14:05:00+00:00, or latest, the default")
    undo = verbs.add_parser("undo", help="exchange a database with the one that its restore put aside")
    undo.add_argument("name")
    host_restore.add_verbs(verbs)
    drop = verbs.add_parser("drop", help="remove what a restore put aside")
    drop.add_argument("name")
    return made


def run(config: Config, arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    if os.geteuid() != 0:
        raise Failure("only root can restore", "sudo dhanman-restore ...")
    if arguments.verb == "list":
        show(config)
    elif arguments.verb == "database":
        restore_database.restore(config, arguments.name, arguments.dump)
    elif arguments.verb == "table":
        restore_table.restore(
            config, arguments.database, arguments.table, arguments.dump, replace=arguments.replace
        )
    elif arguments.verb == "cluster":
        restore_cluster.restore(config, restore_cluster.parse(arguments.to), arguments.repo)
    elif arguments.verb == "from-prod":
        from_prod.copy(config, arguments.names, restore_cluster.parse(arguments.to))
    elif arguments.verb in KINDS:
        of_host = host_config.location(config.environment).read_text()
        host_restore.restore(host_config.parse(of_host), arguments)
    elif arguments.verb == "undo":
        restore_database.undo(config, arguments.name)
    else:
        drop(config, arguments.name)


def show(config: Config) -> None:
    """What there is, in a line each."""
    for repository in config.repositories:
        held = pgbackrest.contents(config, repository)
        if not held.backups:
            say(f"repository {repository.key} ({repository.place}): {held.problem or 'no backup yet'}")
            continue
        since = moment(min(b.stop for b in held.backups))
        say(f"repository {repository.key} ({repository.place}): any time since {since}")
        for backup in held.backups:
            kind = "full" if backup.full else "incremental"
            say(f"  {moment(backup.stop)}  {kind:11}  {size(backup.size):>10}  {backup.label}")
    for database in config.databases:
        say(f"dumps of {database}:")
        for dump in dumps.of(config, database):
            taken = dumps.taken(dump) or datetime.fromtimestamp(0, UTC)
            say(f"  {moment(taken.timestamp())}  {size(dump.stat().st_size):>10}  {dump}")
    server = Server(port=config.port)
    aside = [*(restore_database.put_aside(server) if server.answers() else []), *_folders(config)]
    say(f"put aside by restores: {', '.join(aside) or 'nothing'}")


def _folders(config: Config) -> list[str]:
    return sorted(path.name for path in config.data.parent.glob(f"{config.data.name}{BEFORE}*"))


def drop(config: Config, name: str) -> None:
    """Remove a database or a data directory that a restore put aside, and nothing else."""
    server = Server(port=config.port)
    if name in _folders(config):
        shutil.rmtree(config.data.with_name(name))
    elif BEFORE in name and name in restore_database.put_aside(server):
        restore_database.drop(server, name)
    else:
        raise Failure(f"{name} was not put aside by a restore", "dhanman-restore list")
    say(f"{name}: removed")
