"""The restore drill: proves that what is stored can be had back, and measures what a loss would cost.

The newest backup of the farthest repository is restored into a scratch cluster, replayed to a moment of this drill,
and compared with the databases as they were around that moment. RPO: how long it took until that moment was safe in the
repository. RTO: how long the restore took until the scratch cluster took queries.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

from backupctl import counts, pgbackrest, status
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.postgres import HEARTBEAT, Server
from backupctl.scratch import Scratch, restored
from backupctl.tools import lock, now, run, say, size, wait

REPORT = "drill"
SAFE_LIMIT = 300.0
"""Seconds within which a moment must be safe in the repository."""
HEARTBEAT_LIMIT = 15.0
"""Seconds that the restored heartbeat may be older than the moment."""
ROOM = 1.2


def drill(config: Config) -> None:
    """Run it and write ``drill.json`` with its metrics. Raises :class:`Failure` with all that was wrong."""
    repository = config.farthest
    report: dict[str, Any] = {"repository": repository.place, "problems": []}
    start = time.monotonic()
    try:
        with lock(config.state / "drill.lock", "another drill is running"):
            _run(config, repository, report)
    except Failure as failure:
        report["problems"].append(f"{failure.what}\n{failure.details}".strip())
        raise
    finally:
        report["result"] = "failed" if report["problems"] or "rto_seconds" not in report else "ok"
        report["seconds"] = round(time.monotonic() - start, 1)
        if report["result"] == "ok":
            report["succeeded"] = round(now())
        else:
            report["succeeded"] = status.read(config.state, REPORT).get("succeeded", 0)
        status.write(config.state, REPORT, report)
    if report["problems"]:
        raise Failure(
            "what was restored is not what is there",
            "treat the backups as lost: make a full one now, run the drill again, then find the cause",
            "\n".join(report["problems"]),
        )


def _run(config: Config, repository: Repository, report: dict[str, Any]) -> None:
    newest = pgbackrest.contents(config, repository)
    if newest.newest is None:
        raise Failure(
            f"no backup in {repository.place}: {newest.problem or 'it is empty'}",
            f"systemctl start {config.first_backup}",
        )
    needed, free = newest.newest.size * ROOM, shutil.disk_usage(config.data.parent).free
    if free < needed:
        raise Failure(
            f"{size(needed)} are needed, {size(free)} are free", f"make room below {config.data.parent}"
        )
    live = Server(port=config.port)
    say("counting the rows that are there")
    before = {name: counts.tables(live, name) for name in config.databases}
    moment = live.ask(
        "SELECT json_build_object('text', clock_timestamp()::text, 'seconds', extract(epoch FROM clock_timestamp()))"
    )
    after = {name: counts.tables(live, name) for name in config.databases}
    say(f"waiting until {moment['text']} is safe in {repository.place}")
    report["target"] = moment["text"]
    report["rpo_seconds"] = round(_until_safe(config, repository, live, moment["seconds"]), 1)
    say(f"restoring {newest.newest.label} and replaying up to that moment")
    with restored(config, repository, moment["text"]) as scratch:
        rto = round(scratch.seconds, 1)
        report |= {"backup": newest.newest.label, "size_bytes": newest.newest.size}
        report["heartbeat_age_seconds"] = round(moment["seconds"] - scratch.server.ask(HEARTBEAT), 1)
        if not 0 <= report["heartbeat_age_seconds"] <= HEARTBEAT_LIMIT:
            report["problems"].append(
                f"the restored heartbeat is {report['heartbeat_age_seconds']} s older than the moment"
            )
        report["databases"] = {}
        for name in config.databases:
            _compare(scratch, name, before[name], after[name], report)
        _examine(config, scratch, report)
        report["rto_seconds"] = rto
    say(f"RPO {report['rpo_seconds']} s, RTO {rto} s for {size(newest.newest.size)}")


def _until_safe(config: Config, repository: Repository, live: Server, moment: float) -> float:
    """Seconds until a commit after the moment was in the repository, with nothing done to hurry it."""

    def later() -> bool:
        return bool(live.ask(HEARTBEAT) > moment)

    if not wait(later, SAFE_LIMIT, 0.5):
        raise Failure(
            "no heartbeat is written",
            f"systemctl status {config.heartbeat}: it is to run",
        )
    segment = live.tell("SELECT pg_walfile_name(pg_current_wal_lsn())")
    if not wait(lambda: pgbackrest.contents(config, repository).newest_wal >= segment, SAFE_LIMIT, 1):
        raise Failure(
            f"{segment} was not archived within {SAFE_LIMIT:.0f} s",
            "dhanman-backup watch says why; see archive in physical.json",
        )
    return now() - moment


def _compare(
    scratch: Scratch,
    name: str,
    before: dict[str, counts.Table],
    after: dict[str, counts.Table],
    report: dict[str, Any],
) -> None:
    there = {table: found.rows for table, found in counts.tables(scratch.server, name).items()}
    wrong = counts.differences(before, there, after)
    report["databases"][name] = {"tables": len(there), "rows": sum(there.values()), "wrong": len(wrong)}
    report["problems"] += [f"{name}: {problem}" for problem in wrong]


def _examine(config: Config, scratch: Scratch, report: dict[str, Any]) -> None:
    """Every page and index: pg_amcheck while it runs, the checksums once it is stopped."""
    say("checking tables, indexes and checksums")
    words = ("--host", str(scratch.folder), "--port", str(scratch.server.port))
    done = run("pg_amcheck", *words, "--all", "--install-missing", "--heapallindexed", check=False)
    if done.returncode != 0:
        report["problems"].append(f"pg_amcheck: {(done.stdout + done.stderr).strip()[-1000:]}")
    scratch.stop()
    done = run("pg_checksums", "--check", "--pgdata", str(scratch.data), check=False)
    if done.returncode != 0:
        report["problems"].append(f"pg_checksums: {(done.stdout + done.stderr).strip()[-1000:]}")
