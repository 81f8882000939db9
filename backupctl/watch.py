"""Looking whether every second can be had back: how far the archive is behind, how old the backups are, what failed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from backupctl import from_prod, pgbackrest, status
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.pgbackrest import Backup, Contents, is_segment
from backupctl.postgres import Server
from backupctl.tools import now, say, size

RUNS = "runs"
REPORT = "physical"
SPOOL = Path("/var/spool/pgbackrest/archive")
SEGMENT_BYTES = 16 * 2**20
LEAST_ROOM = 0.1
"""Share of the file system with the WAL that is free at least."""

# while the server did not run there was nothing to archive
_ARCHIVER = """SELECT json_build_object(
    'mode', current_setting('archive_mode'),
    'last', coalesce(last_archived_wal, ''),
    'age', extract(epoch FROM clock_timestamp() - greatest(last_archived_time, pg_postmaster_start_time())),
    'waiting', (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'),
    'system', (SELECT system_identifier::text FROM pg_control_system()),
    'data', current_setting('data_directory'))
FROM pg_stat_archiver"""


def watch(config: Config) -> list[str]:
    """Write ``physical.json`` and its metrics; what is wrong, each in a line."""
    from_prod.clean(config)
    try:
        archiver = Server(port=config.port).ask(_ARCHIVER)
    except Failure as failure:
        archiver = {}
        problems = [failure.what]
    else:
        problems = archive_problems(config, archiver, _refusal(config), _room(archiver["data"]))
    repositories: dict[str, Any] = {}
    for repository in config.repositories:
        held = pgbackrest.contents(config, repository)
        repositories[str(repository.key)] = _told(repository, held)
        problems += repository_problems(config, repository, held, archiver)
    problems += run_problems(status.read(config.state, RUNS).get("runs", {}))
    report: dict[str, Any] = {
        "result": "failed" if problems else "ok",
        "problems": problems,
        "repositories": repositories,
    }
    if archiver:
        report["archive"] = {
            "last": archiver["last"],
            "age_seconds": round(archiver["age"], 1),
            "waiting_segments": archiver["waiting"],
            "waiting_bytes": archiver["waiting"] * SEGMENT_BYTES,
            "room_bytes": _room(archiver["data"])[0],
        }
    status.write(config.state, REPORT, report)
    for problem in problems:
        say(f"problem: {problem}")
    return problems


def archive_problems(
    config: Config, archiver: dict[str, Any], refusal: str, room: tuple[int, int]
) -> list[str]:
    """What is wrong with the archiving. ``room``: bytes that are free where the WAL is, and all of them."""
    problems = []
    if archiver["mode"] == "off":
        problems.append("archive_mode is off: nothing is archived")
    elif archiver["age"] > config.archive_limit:
        waiting = f"{archiver['waiting']} segments ({size(archiver['waiting'] * SEGMENT_BYTES)}) wait"
        words = f"nothing was archived for {archiver['age']:.0f} s; {waiting}"
        problems.append(f"{words}: {refusal}" if refusal else words)
    free, total = room
    if free < LEAST_ROOM * total:
        problems.append(
            f"{size(free)} of {size(total)} are free where the WAL waits: PostgreSQL stops when nothing is"
        )
    return problems


def repository_problems(
    config: Config, repository: Repository, held: Contents, archiver: dict[str, Any]
) -> list[str]:
    """What is wrong with one repository."""
    name = f"repository {repository.key}"
    if held.problem:
        return [f"{name}: {held.problem}"]
    if archiver and held.system != archiver["system"]:
        return [f"{name}: it belongs to another cluster ({held.system}), so nothing of this one is archived"]
    problems = []
    last = archiver.get("last", "")
    if is_segment(last) and last > held.newest_wal:
        # PostgreSQL was told that it is archived: archive-push-queue-max let it go
        problems.append(
            f"{name}: WAL up to {last} was dropped after {held.newest_wal or 'nothing'}; make a backup now"
        )
    newest = held.newest
    if newest is None:
        problems.append(f"{name}: no backup yet")
    elif (age := now() - newest.stop) > config.backup_limit:
        problems.append(f"{name}: the newest backup is {age / 3600:.0f} h old")
    if newest and newest.damaged:
        problems.append(f"{name}: the newest backup has pages with wrong checksums")
    return problems


def run_problems(runs: dict[str, Any]) -> list[str]:
    """Work whose last run failed. A later backup of any kind makes up for one that failed."""
    good: dict[int, float] = {}
    for run in runs.values():
        if run["result"] == "ok" and run["work"] != "verify":
            good[run["repository"]] = max(good.get(run["repository"], 0), run["finished"])
    return [
        f"repository {run['repository']}: the last {run['work']} failed: {run['problem']}"
        for run in runs.values()
        if run["result"] != "ok"
        and (run["work"] == "verify" or run["finished"] > good.get(run["repository"], 0))
    ]


def _told(repository: Repository, held: Contents) -> dict[str, Any]:
    told: dict[str, Any] = {
        "place": repository.place,
        "newest_wal": held.newest_wal,
        "count": len(held.backups),
    }
    for name, backup in (("newest", held.newest), ("full", held.newest_full)):
        if backup:
            told[name] = _figures(backup)
    return told


def _figures(backup: Backup) -> dict[str, Any]:
    return {
        "label": backup.label,
        "age_seconds": round(now() - backup.stop),
        "size_bytes": backup.size,
        "stored_bytes": backup.stored,
        "seconds": backup.stop - backup.start,
    }


def _refusal(config: Config) -> str:
    """Why the last push failed, in pgBackRest's words: a number, a message, then what each repository answered."""
    for path in sorted((SPOOL / config.stanza / "out").glob("*.error")):
        lines = path.read_text(errors="replace").splitlines()
        answers = [line for line in lines if line.startswith("repo")] or lines[1:2]
        if answers:
            return re.sub(r"[^\x20-\x7e]+", " ", "; ".join(dict.fromkeys(answers)))[:300]
    return ""


def _room(data: str) -> tuple[int, int]:
    usage = shutil.disk_usage(data)
    return usage.free, usage.total
