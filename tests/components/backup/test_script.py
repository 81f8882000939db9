"""The backup script and the bucket program, run for real; PostgreSQL's programs are stood in for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.backup.plan import BUCKET_PROGRAM, SCRIPT, BackupSpec, Remote, backup_unit
from components.unit import File

NAMES = ("qa-dhanman-common", "qa-dhanman-sales")
DUMP = """#!/bin/bash
for word; do case $word in --file=*) file=${word#--file=} ;; esac; name=$word; done
[ ! -e "$STAND_IN/missing-$name" ] || { echo "no such database: $name" >&2; exit 1; }
if [ ! -e "$STAND_IN/empty-$name" ]; then echo "dump of $name" >"$file"; fi
"""
RESTORE = """#!/bin/bash
[ "$1" = --file=/dev/null ] && ! grep -qsf "$STAND_IN/damaged" "$2"
"""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "jq", "flock"))), reason="the script needs bash, jq and flock"
)


@dataclass(frozen=True)
class World:
    root: Path

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def bucket(self) -> Path:
        return self.root / "bucket"

    def run(self) -> subprocess.CompletedProcess[str]:
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", str(self.root / "script"), "qa"],
            env={"PATH": path, "STAND_IN": str(self.root), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def status(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.root / "status.json").read_text())
        return content

    def names(self, folder: Path) -> list[str]:
        files = [p for p in folder.iterdir() if not p.name.startswith(".")]
        return sorted(p.name.rsplit("_", 2)[0] for p in files if p.suffix != ".sha256")

    def old(self, folder: Path, name: str) -> Path:
        file = folder / name
        file.write_text("old")
        past = time.time() - 40 * 86400
        os.utime(file, (past, past))
        return file


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The unit's files below a folder, with paths of the host replaced by paths below it."""
    made = World(tmp_path)
    spec = BackupSpec(
        environment="qa",
        databases=NAMES,
        port=5432,
        directory=str(made.backups),
        schedule="*-*-* 02:00:00",
        retention_days=30,
        remote=Remote(kind="folder", path=str(made.bucket)),
    )
    files = {t.path: t.content for t in backup_unit(spec, "").things if isinstance(t, File)}
    for folder in ("bin", "backups", "bucket", "etc/qa"):
        (tmp_path / folder).mkdir(parents=True)
    settings = files["/etc/dhanman/qa/backup.conf"].replace(
        "/var/lib/dhanman-backup-qa/status.json", str(tmp_path / "status.json")
    )
    (tmp_path / "etc/qa/backup.conf").write_text(
        settings.replace("/etc/dhanman/qa", str(tmp_path / "etc/qa"))
    )
    (tmp_path / "etc/qa/bucket.json").write_text(files["/etc/dhanman/qa/bucket.json"])
    (tmp_path / "script").write_text(files[SCRIPT].replace("/etc/dhanman", str(tmp_path / "etc")))
    program = files[BUCKET_PROGRAM].replace("#!/usr/bin/python3", f"#!{sys.executable}", 1)
    programs = {"dhanman-bucket": program, "pg_dump": DUMP, "pg_dumpall": DUMP, "pg_restore": RESTORE}
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return made


def test_every_database_and_the_roles_are_dumped_and_uploaded(world: World) -> None:
    done = world.run()
    assert done.returncode == 0, done.stderr
    wanted = [*NAMES, "qa-globals"]
    assert world.names(world.backups) == wanted
    assert world.names(world.bucket) == wanted
    status = world.status()
    assert (status["result"], status["failed"], status["uploaded"]) == ("ok", [], True)
    assert (status["problems"], status["at"]) == ([], status["finished"])
    assert [dump["name"] for dump in status["dumps"]] == list(NAMES)


def test_each_dump_has_its_checksum_beside_it_on_the_host_and_in_the_bucket(world: World) -> None:
    assert world.run().returncode == 0
    for folder in (world.backups, world.bucket):
        files = {p.name for p in folder.iterdir() if not p.name.startswith(".")}
        dumps = {name for name in files if not name.endswith(".sha256")}
        assert files == dumps | {f"{name}.sha256" for name in dumps}
        for name in dumps:
            subprocess.run(["sha256sum", "--check", "--quiet", f"{name}.sha256"], cwd=folder, check=True)


def test_the_metrics_say_the_same_as_the_status(world: World) -> None:
    (world.root / f"missing-{NAMES[0]}").touch()
    world.run()
    lines = (world.root / "dumps.prom").read_text().splitlines()
    assert "dhanman_backup_dumps_success 0" in lines
    (size,) = [line for line in lines if line.startswith("dhanman_backup_dumps_bytes{")]
    assert (
        size == f'dhanman_backup_dumps_bytes{{database="{NAMES[1]}"}} {world.status()["dumps"][0]["bytes"]}'
    )
    (world.root / f"missing-{NAMES[0]}").unlink()
    world.run()
    assert "dhanman_backup_dumps_success 1" in (world.root / "dumps.prom").read_text().splitlines()


def test_a_run_that_is_told_to_end_says_so_and_the_next_one_runs(world: World) -> None:
    slow = world.root / "bin" / "pg_dump"
    fast = slow.read_text()
    slow.write_text("#!/bin/sh\necho $PPID >$STAND_IN/started\nkill -TERM $PPID\n")
    assert world.run().returncode != 0
    assert (world.root / "started").exists()
    assert (world.status()["result"], world.status()["failed"]) == ("failed", ["broken off"])
    slow.write_text(fast)
    assert world.run().returncode == 0
    assert not list(world.backups.glob(".*partial*"))


@pytest.mark.parametrize("way", ["missing", "empty"])
def test_a_database_without_a_dump_is_named_and_the_others_are_saved(world: World, way: str) -> None:
    (world.root / f"{way}-{NAMES[0]}").touch()
    done = world.run()
    assert done.returncode == 1
    assert f"no good backup of: {NAMES[0]}" in done.stderr
    assert world.names(world.backups) == [NAMES[1], "qa-globals"]
    assert world.status()["failed"] == [NAMES[0]]
    assert world.status()["problems"] == [f"no good backup of {NAMES[0]}"]


def test_a_dump_that_cannot_be_read_back_does_not_count(world: World) -> None:
    (world.root / "damaged").write_text(f"dump of {NAMES[1]}\n")
    assert world.run().returncode == 1
    assert world.names(world.backups) == [NAMES[0], "qa-globals"]
    assert not list(world.backups.glob(".*partial*"))


def test_a_failing_upload_fails_the_run_and_the_dump_stays_here(world: World) -> None:
    shutil.rmtree(world.bucket)
    done = world.run()
    assert done.returncode == 1
    assert world.names(world.backups) == [*NAMES, "qa-globals"]
    assert world.status()["failed"] == [*NAMES, "qa-globals"]


def test_old_dumps_go_only_after_a_good_new_one(world: World) -> None:
    kept = world.old(world.backups, f"{NAMES[0]}_20200101_020000.backup")
    gone = world.old(world.backups, f"{NAMES[1]}_20200101_020000.backup")
    uploaded = world.old(world.bucket, f"{NAMES[1]}_20200101_020000.backup")
    (world.root / f"missing-{NAMES[0]}").touch()
    world.run()
    assert (kept.exists(), gone.exists(), uploaded.exists()) == (True, False, False)


def test_a_failing_prune_is_reported_and_ends_nothing(world: World) -> None:
    program = world.root / "bin" / "dhanman-bucket"
    program.write_text('#!/bin/sh\n[ "$2" = put ]\n')
    assert world.run().returncode == 1
    assert world.names(world.backups) == [*NAMES, "qa-globals"]
    assert world.status()["failed"] == [f"{name} (pruning)" for name in (*NAMES, "qa-globals")]


def test_two_runs_at_once_are_refused(world: World) -> None:
    with subprocess.Popen(
        ["flock", str(world.backups / ".lock"), "sh", "-c", "echo held; cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = world.run()
        assert holder.stdin is not None
        holder.stdin.close()
    assert (done.returncode, world.names(world.backups)) == (1, [])
    assert "another backup of qa is running" in done.stderr


def test_what_a_killed_run_left_is_removed(world: World) -> None:
    left = [world.backups / f".{NAMES[0]}.partial.abc123{end}" for end in ("", ".sha256")]
    for path in left:
        path.write_text("half")
    assert world.run().returncode == 0
    assert not any(path.exists() for path in left)


def bucket_program(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(world.root / "bin" / "dhanman-bucket"), str(world.root / "etc/qa/bucket.json"), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_pruning_never_deletes_the_newest_however_old(world: World) -> None:
    first = world.old(world.bucket, "sales_20200101_020000.backup")
    newest = world.old(world.bucket, "sales_20200102_020000.backup")
    os.utime(first, (0, 0))
    noted = world.old(world.bucket, "sales_20200102_020000.backup.sha256")
    other = world.old(world.bucket, "payroll_20200101_020000.backup")
    assert bucket_program(world, "prune", "sales_", "30").stdout == f"deleted {first.name}\n"
    assert (newest.exists(), noted.exists(), other.exists()) == (True, True, True)


def test_a_store_that_refuses_is_one_line(world: World) -> None:
    shutil.rmtree(world.bucket)
    (world.root / "dump").write_text("dump")
    done = bucket_program(world, "put", str(world.root / "dump"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: bucket: FileNotFoundError")
    assert done.stderr.count("\n") == 1
