"""What counts as wrong with the archive and the backups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backupctl import pgbackrest, status
from backupctl.config import Config, Repository
from backupctl.pgbackrest import Contents, gaps, parsed
from backupctl.tools import now
from backupctl.watch import archive_problems, repository_problems, run_problems

LOCAL = Repository(key=1, bucket=False, place="/backups/pgbackrest")
ROOM = (50, 100)
ARCHIVER: dict[str, Any] = {"mode": "on", "age": 20.0, "waiting": 1, "last": "0" * 24, "system": "7"}


def info(*, age: float = 60, status: int = 0, message: str = "ok", wal: str = "0" * 24) -> Contents:
    backup = {
        "label": "20261126-135230F",
        "type": "full",
        "timestamp": {"start": now() - age - 5, "stop": now() - age},
        "info": {"size": 100, "repository": {"delta": 10}},
        "error": False,
        "database": {"id": 1},
    }
    answer = {
        "db": [{"id": 1, "system-id": 7}],
        "archive": [{"database": {"id": 1}, "id": "18-1", "max": wal}],
        "backup": [backup] if age else [],
        "repo": [{"status": {"code": status, "message": message}}],
    }
    return parsed([answer])


def test_an_archive_that_is_up_to_date_is_no_problem(settings: Config) -> None:
    assert archive_problems(settings, ARCHIVER, "", ROOM) == []
    assert repository_problems(settings, LOCAL, info(), ARCHIVER) == []


def test_an_archive_that_stands_still_is_told_with_its_reason(settings: Config) -> None:
    (problem,) = archive_problems(settings, ARCHIVER | {"age": 400.0, "waiting": 9}, "no route", ROOM)
    assert problem == "nothing was archived for 400 s; 9 segments (144.0 MiB) wait: no route"


def test_a_disk_that_fills_up_is_told_before_it_is_full(settings: Config) -> None:
    (problem,) = archive_problems(settings, ARCHIVER, "", (5, 100))
    assert "PostgreSQL stops" in problem


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (info(age=30 * 3600), "30 h old"),
        (info(age=0), "no backup yet"),
        (info(status=1, message="missing stanza path"), "missing stanza path"),
        (info(status=99, message="[FormatError] found outside of section"), "another passphrase"),
    ],
)
def test_a_repository_that_cannot_be_restored_from_is_told(
    settings: Config, held: Contents, words: str
) -> None:
    (problem,) = repository_problems(settings, LOCAL, held, ARCHIVER)
    assert words in problem
    assert problem.startswith("repository 1: ")


def test_backups_of_the_cluster_before_an_upgrade_are_none_of_this_one() -> None:
    def backup(label: str, database: int) -> dict[str, Any]:
        return {
            "label": label, "type": "full", "timestamp": {"start": 1, "stop": 2}, "error": False,
            "info": {"size": 1, "repository": {"delta": 1}}, "database": {"id": database},
        }  # fmt: skip

    held = parsed(
        [
            {
                "db": [
                    {"id": 1, "system-id": 7, "version": "17"},
                    {"id": 2, "system-id": 8, "version": "18"},
                ],
                "archive": [],
                "backup": [backup("old", 1), backup("new", 2)],
                "repo": [{"status": {"code": 0, "message": "ok"}}],
            }
        ]
    )
    assert ([b.label for b in held.backups], held.version, held.system) == (["new"], "18", "8")


def test_wal_that_was_dropped_is_told_although_postgresql_was_told_that_it_is_archived(
    settings: Config,
) -> None:
    (problem,) = repository_problems(
        settings, LOCAL, info(wal="000000010000000000000003"), ARCHIVER | {"last": "000000010000000000000009"}
    )
    assert "was dropped after 000000010000000000000003" in problem


def test_another_cluster_s_backups_are_no_backups_of_this_one(settings: Config) -> None:
    (problem,) = repository_problems(settings, LOCAL, info(), ARCHIVER | {"system": "8"})
    assert "another cluster" in problem


def test_a_failed_backup_counts_until_a_later_one_succeeds() -> None:
    def run(work: str, result: str, finished: float) -> dict[str, Any]:
        return {"work": work, "repository": 1, "result": result, "finished": finished, "problem": "no room"}

    failed = run("full", "failed", 10.0)
    assert run_problems({"full 1": failed}) == ["repository 1: the last full failed: no room"]
    assert run_problems({"full 1": failed, "incremental 1": run("incremental", "ok", 20.0)}) == []
    verified = run("verify", "failed", 10.0)
    assert run_problems({"verify 1": verified, "full 1": run("full", "ok", 20.0)}) != []


def test_a_gap_in_the_wal_is_named_and_a_new_timeline_is_none() -> None:
    names = ["0000000100000000000000FE", "000000010000000100000001", "000000020000000100000005"]
    assert gaps(names) == ["0000000100000000000000FF to 000000010000000100000000"]
    assert gaps(names[1:]) == []


def test_a_report_is_json_and_metrics_that_stand_together(tmp_path: Path) -> None:
    report = {"result": "ok", "problems": [], "repositories": {"1": {"age": 3, "at": "x"}, "2": {"age": 4}}}
    status.write(tmp_path, "physical", report)
    assert json.loads((tmp_path / "physical.json").read_text())["repositories"]["2"] == {"age": 4}
    lines = (tmp_path / "physical.prom").read_text().splitlines()
    place = lines.index("# TYPE dhanman_backup_physical_age gauge")
    assert lines[place + 1 :] == [
        'dhanman_backup_physical_age{repository="1"} 3',
        'dhanman_backup_physical_age{repository="2"} 4',
    ]
    assert "dhanman_backup_physical_success 1" in lines
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_damaged_status_is_as_if_there_were_none(tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text("{")
    assert status.read(tmp_path, "runs") == {}


def test_advice_depends_on_what_went_wrong() -> None:
    import subprocess

    done = subprocess.CompletedProcess[str]([], 1, "", "ERROR: [102]: unable to connect to 's3:443'")
    assert pgbackrest.reason(done) == "[102]: unable to connect to 's3:443'"
    assert "endpoint" in pgbackrest.advice(done)
