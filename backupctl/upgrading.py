"""``dhanman-upgrade``: to another major version of PostgreSQL by ``pg_upgrade``, and back.

Source: PostgreSQL's documentation, "pg_upgrade"; pgBackRest's user guide, "Upgrading PostgreSQL". The files are copied
and never linked, so the cluster of before stays as it was when it was stopped, and is the way back.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from backupctl import counts, pg_upgrade, pgbackrest, status, upgrade_checks
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.postgres import Server
from backupctl.services import stopped
from backupctl.tools import as_postgres, lock, now, run, say, wait
from backupctl.versions import Version, hand_over, start

REPORT = "upgrade"
ARCHIVE_LIMIT = 120.0
STATISTICS = 18
"""The first version whose pg_upgrade takes the planner's statistics along (its release notes)."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="dhanman-upgrade",
        description="Moves the databases to another major version of PostgreSQL; the cluster of before is kept.",
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="WHAT")
    for name, text in (
        ("check", "whether an upgrade would go well; services go on"),
        ("run", "upgrade; services are stopped meanwhile"),
        ("drop", "remove a cluster that does not serve any more"),
    ):
        verbs.add_parser(name, help=text).add_argument("version", type=int, help="major version, such as 18")
    back = verbs.add_parser("rollback", help="start the cluster of before an upgrade again")
    back.add_argument(
        "--lose-changes",
        action="store_true",
        help="what was written since the upgrade is not in it: say that you know",
    )
    return made


def run_verb(config: Config, configuration: Path, arguments: argparse.Namespace) -> None:
    """Do what the command line says. ``configuration``: the file that ``config`` was read from."""
    if os.geteuid() != 0:
        raise Failure("only root can upgrade", "sudo dhanman-upgrade ...")
    if arguments.verb == "rollback":
        rollback(config, configuration, lose=arguments.lose_changes)
    elif arguments.verb == "drop":
        drop(config, Version(number=str(arguments.version)))
    else:
        upgrade(
            config,
            configuration,
            Version(number=str(arguments.version)),
            only_check=arguments.verb == "check",
        )


def upgrade(config: Config, configuration: Path, after: Version, *, only_check: bool) -> None:
    """Try it while services go on; unless that is all, upgrade, and do what follows."""
    begun, before = time.monotonic(), Version(number=config.version)
    with lock(config.state / "physical.lock", "a backup is running"):
        files = before.files()
        _try(config, before, after)
        if only_check:
            pg_upgrade.drop(after)
            say("an upgrade would go well; nothing was changed")
            return
        down = time.monotonic()
        _exchange(config, configuration, before, after, files)
    say(f"the databases are in {after.cluster}; services were stopped for {time.monotonic() - down:.0f} s")
    # a backup is part of it, so the lock is free again
    _afterwards(config, after)
    say(f"it took {time.monotonic() - begun:.0f} s; {before.cluster} is kept as it was")
    say(
        f"next: postgres.version: {after.number} and postgres.alongside: {before.number} in the settings, pulumi up"
    )
    say(f"then, when all is well: `dhanman-upgrade drop {before.number}`")
    say("if it is not: `dhanman-upgrade rollback --lose-changes`")


def _try(config: Config, before: Version, after: Version) -> None:
    """Leaves an empty cluster of the new version, or none if something stands against the upgrade."""
    upgrade_checks.refuse(config, before, after)
    try:
        pg_upgrade.create(config, after)
        pg_upgrade.rehearse(config, after)
        say("pg_upgrade --check: the cluster goes on serving")
        pg_upgrade.run_it(before, after, "--check")
    except BaseException:
        pg_upgrade.drop(after)
        raise


def _exchange(
    config: Config, configuration: Path, before: Version, after: Version, files: dict[str, str]
) -> None:
    """Services stop, the databases are copied into the new version, and services start; or all is as before."""
    with stopped(list(config.databases.values())):
        server = Server(port=config.port)
        try:
            rows = _rows(server)
            _archive_all(server)
            say(f"stopping {before.unit}")
            run("systemctl", "stop", before.unit)
            say(f"copying every file of {before.cluster} to {after.cluster}")
            pg_upgrade.run_it(before, after)
            _serve(config, configuration, before, after, files)
            _compare(rows, _rows(server))
        except BaseException:
            say(f"going back to {before.cluster}: nothing was lost")
            run("systemctl", "stop", after.unit, check=False)
            _serve(config, configuration, after, before, files)
            pg_upgrade.drop(after)
            raise
        status.write(
            config.state, REPORT,
            {"result": "ok", "problems": [], "from": before.number, "to": after.number, "done": now(), "files": files},
        )  # fmt: skip


def _serve(
    config: Config, configuration: Path, before: Version, after: Version, files: dict[str, str]
) -> None:
    """Let ``after`` take the place of ``before``, which is stopped. ``files``: what the deployment wrote for either."""
    origin = before if any(f"/{before.cluster}/" in text for text in files.values()) else after
    after.write(files, of=origin)
    before.starts("manual")
    after.starts("auto")
    hand_over(configuration, before, after)
    say(f"starting {after.unit}")
    if not start(config, after):
        raise Failure(
            f"{after.cluster} does not start", f"journalctl -u {after.unit}, and /var/log/postgresql"
        )
    # it stopped with the other cluster, whose unit it is part of until the next deployment
    run("systemctl", "start", "--no-block", config.heartbeat, check=False)


def _rows(server: Server) -> dict[str, dict[str, int]]:
    say("counting the rows")
    names: list[str] = server.ask(
        "SELECT json_agg(datname) FROM pg_database WHERE datallowconn AND NOT datistemplate"
    )
    return {name: {table: t.rows for table, t in counts.tables(server, name).items()} for name in names}


def _compare(before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]) -> None:
    wrong = [
        f"{name}: {table} has {after.get(name, {}).get(table)} rows instead of {rows}"
        for name, tables in before.items()
        for table, rows in tables.items()
        if after.get(name, {}).get(table) != rows
    ]
    if wrong:
        raise Failure(
            "the upgraded databases are not those of before", "tell who knows PostgreSQL", "\n".join(wrong)
        )
    say(f"{sum(len(tables) for tables in after.values())} tables have as many rows as before")


def _archive_all(server: Server) -> None:
    """All that was written until now is in the archive, so that the old cluster's backups end with it."""
    segment = server.tell("SELECT pg_walfile_name(pg_switch_wal())")
    last = "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver"
    say("waiting until everything up to now is archived")
    if not wait(lambda: server.tell(last) >= segment, ARCHIVE_LIMIT):
        raise Failure("the archive does not get on", "cat physical.json says why; then try again")


def _afterwards(config: Config, after: Version) -> None:
    """The repositories belong to the new cluster, which gets a full backup and statistics."""
    pgbackrest.upgrade_stanza(config, next_step="pgbackrest stanza-upgrade as postgres; until then WAL waits")
    say(f"starting {config.first_backup}: a full backup of the new cluster, in the background")
    run("systemctl", "start", "--no-block", config.first_backup)
    say("statistics of the planner; services go on")
    missing = ("--missing-stats-only",) if int(after.number) >= STATISTICS else ()
    words = ("--all", "--analyze-in-stages", "--quiet", *missing, "--port", str(config.port))
    done = run(*as_postgres(str(after.programs / "vacuumdb"), *words), check=False)
    if done.returncode != 0:
        say(
            f"warning: queries are slow until `vacuumdb --all --analyze-in-stages` as postgres: {done.stderr}"
        )


def rollback(config: Config, configuration: Path, *, lose: bool) -> None:
    """Start the cluster of before the last upgrade again, as it was when it was stopped."""
    done = status.read(config.state, REPORT)
    if not done or done.get("to") != config.version or not Version(number=str(done["from"])).exists:
        raise Failure(
            "there is no upgrade to take back", "dhanman-restore cluster brings back any earlier time"
        )
    before, after = Version(number=str(done["from"])), Version(number=str(done["to"]))
    since = f"what was written since {done['at']} is in {after.cluster} alone"
    if not lose:
        raise Failure(since, "dhanman-upgrade rollback --lose-changes, if that is all right")
    say(f"{since}, which is kept")
    down = time.monotonic()
    with (
        lock(config.state / "physical.lock", "a backup is running"),
        stopped(list(config.databases.values())),
    ):
        run("systemctl", "stop", after.unit)
        _serve(config, configuration, after, before, done["files"])
    say(f"the databases are in {before.cluster}; services were stopped for {time.monotonic() - down:.0f} s")
    now_config = Config(
        **vars(config) | {"cluster": before.cluster, "data": before.data, "programs": before.programs}
    )
    pgbackrest.upgrade_stanza(now_config)
    run("systemctl", "start", "--no-block", config.first_backup)
    say(
        f"next: postgres.version: {before.number} and postgres.alongside: {after.number} in the settings, pulumi up"
    )


def drop(config: Config, version: Version) -> None:
    """Remove the cluster of another version than the one that serves."""
    if version.number == config.version:
        raise Failure(f"{version.cluster} serves", "name the other version")
    if not version.exists:
        raise Failure(f"there is no cluster {version.cluster}", "pg_lsclusters")
    pg_upgrade.drop(version)
    say(f"{version.cluster}: removed; now take postgres.alongside out of the settings, then pulumi up")
