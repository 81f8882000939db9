"""What a restore refuses before it touches anything."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backupctl import dumps, pgbackrest, restore_cluster, restore_database, restore_table, restoring
from backupctl.config import Config, Repository
from backupctl.errors import Failure
from backupctl.pgbackrest import Backup, Contents
from backupctl.tools import now

DATABASE = "qa-dhanman-sales"


def dump(settings: Config, name: str, content: bytes = b"dump") -> Path:
    path = settings.dumps / name
    path.write_bytes(content)
    path.with_name(f"{name}.sha256").write_text(f"{hashlib.sha256(b'dump').hexdigest()}  {name}\n")
    return path


def test_the_newest_dump_is_the_last_and_other_files_are_none(settings: Config) -> None:
    new = dump(settings, f"{DATABASE}_20261126_020000.backup")
    old = dump(settings, f"{DATABASE}_20261125_020000.backup")
    dump(settings, f"{DATABASE}_by-hand.backup")
    dump(settings, f"{DATABASE}-archive_20261127_020000.backup")
    assert dumps.of(settings, DATABASE) == [old, new]


def test_a_truncated_dump_is_refused_by_its_checksum(settings: Config) -> None:
    dump(settings, f"{DATABASE}_20261126_020000.backup", b"dum")
    with pytest.raises(Failure, match="SHA-256 is another") as refused:
        dumps.choose(settings, DATABASE, None)
    assert "dhanman-restore list" in refused.value.next_step


def test_an_unknown_database_is_answered_with_those_that_are_known(settings: Config) -> None:
    with pytest.raises(Failure) as refused:
        dumps.choose(settings, "qa-dhanman-sale", None)
    assert refused.value.next_step == f"one of {DATABASE}"


def test_a_time_without_a_zone_is_the_host_s() -> None:
    aware = restore_cluster.parse("2026-11-23T14:05:00.25+05:30")
    assert aware == datetime(2026, 11, 23, 8, 35, 0, 250000, UTC)
    local = restore_cluster.parse("2026-11-23 14:05")
    assert local == datetime(2026, 11, 23, 14, 5).astimezone(UTC)
    assert restore_cluster.parse("latest") is None


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(Failure, match="'yesterday' is no time"):
        restore_cluster.parse("yesterday")


def held(stop: float, size: int = 1) -> Contents:
    return Contents(
        backups=(Backup(label="x", full=True, start=stop - 1, stop=stop, size=size, stored=1, damaged=False),)
    )


@pytest.mark.parametrize(
    ("contents", "to", "words"),
    [
        (Contents(problem="unable to connect"), None, "repository 1: unable to connect"),
        (held(now() - 60), datetime.now(UTC) - timedelta(hours=1), "the oldest backup is of"),
        (held(now() - 60), datetime.now(UTC) + timedelta(hours=1), "still to come"),
        (held(now() - 60, size=2**60), None, "are needed beside the cluster that is kept"),
    ],
)
def test_a_restore_that_cannot_succeed_ends_before_anything_is_touched(
    settings: Config, monkeypatch: pytest.MonkeyPatch, contents: Contents, to: datetime | None, words: str
) -> None:
    settings.data.mkdir(parents=True)
    monkeypatch.setattr(pgbackrest, "contents", lambda _config, _repository: contents)
    monkeypatch.setattr(restore_cluster, "_flush", lambda _config: pytest.fail("touched"))
    with pytest.raises(Failure, match=words):
        restore_cluster.restore(settings, to, None)
    assert [p.name for p in settings.data.parent.iterdir()] == ["main"]


EMPTY = Contents()


@pytest.mark.parametrize(
    ("contents", "wanted", "source"),
    [
        ((held(now() - 60), held(now() - 60)), None, None),
        ((held(now() - 60), held(now() - 60)), 2, 2),
        # a new host: the local repository is that of its own empty cluster
        ((EMPTY, held(now() - 60)), None, 2),
        ((held(now() - 60), Contents(problem="unable to connect")), None, 1),
    ],
)
def test_wal_comes_from_the_only_repository_that_has_it(
    settings: Config,
    monkeypatch: pytest.MonkeyPatch,
    contents: tuple[Contents, Contents],
    wanted: int | None,
    source: int | None,
) -> None:
    settings.data.mkdir(parents=True)
    (settings.data / "pg_tblspc").mkdir()
    both = (
        *settings.repositories,
        Repository(key=2, bucket=True, place="bucket"),
    )
    monkeypatch.setattr(restore_cluster, "as_postgres", lambda *argv: argv)
    monkeypatch.setattr(pgbackrest, "contents", lambda _config, r: contents[r.key - 1])
    found = restore_cluster._source(dataclasses.replace(settings, repositories=both), None, wanted)
    assert found == source


def test_an_archive_that_fails_is_not_taken_for_its_end(settings: Config) -> None:
    command = pgbackrest.archive_get(settings, 2)
    # what a shell makes of pgBackRest's status: 0 there, 1 not there, anything else unknown
    for status, expected in ((0, 0), (1, 1), (49, 126), (126, 126)):
        script = command.replace(command.partition(" || ")[0], f"(exit {status})")
        assert subprocess.run(["sh", "-c", script], check=False).returncode == expected
    assert command.startswith("pgbackrest --stanza=qa --repo=2 archive-get %f")


def test_only_what_a_restore_put_aside_is_dropped(settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.data.mkdir(parents=True)
    kept = settings.data.with_name("main-before-20261126-140000")
    kept.mkdir()
    monkeypatch.setattr(restore_database, "put_aside", lambda _server: [])
    for name in ("main", DATABASE, "../18"):
        with pytest.raises(Failure, match="was not put aside"):
            restoring.drop(settings, name)
    restoring.drop(settings, kept.name)
    assert (settings.data.exists(), kept.exists()) == (True, False)


def test_every_verb_is_in_the_help() -> None:
    text = restoring.parser().format_help()
    for verb in ("list", "database", "table", "cluster", "from-prod", "undo", "drop"):
        assert verb in text


def locked(times: int) -> list[subprocess.CompletedProcess[str]]:
    """As pgBackRest answers while another of its commands holds the stanza, and afterwards."""
    busy = subprocess.CompletedProcess[str](
        ["x"], 50, "", "ERROR: [050]: unable to acquire lock on file 'x.lock'"
    )
    return [busy] * times + [subprocess.CompletedProcess[str](["x"], 0, "", "")]


def test_archiving_that_holds_the_stanza_is_waited_for_when_the_repositories_change_hands(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = locked(2)
    monkeypatch.setattr(pgbackrest, "run", lambda *_argv, check: answers.pop(0))
    assert pgbackrest.upgrade_stanza(settings).returncode == 0
    assert answers == []


def test_a_stanza_that_stays_locked_is_said_to_be(settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgbackrest, "LOCK_LIMIT", 0.0)
    monkeypatch.setattr(pgbackrest, "run", lambda *_argv, check: locked(1)[0])
    with pytest.raises(Failure, match="unable to acquire lock") as failed:
        pgbackrest.upgrade_stanza(settings)
    assert "wait until it has ended" in failed.value.next_step
    assert pgbackrest.upgrade_stanza(settings, check=False).returncode == 50


def test_two_restores_of_a_table_in_one_second_get_a_schema_each(
    settings: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("load", "drop", "_move"):
        monkeypatch.setattr(restore_table, name, lambda *_words: None)
    done = subprocess.CompletedProcess[str](["x"], 0, "", "")
    monkeypatch.setattr(restore_table, "run", lambda *_argv, **_more: done)
    monkeypatch.setattr(restore_table, "Server", lambda port: Silent())
    dump(settings, f"{DATABASE}_20261126_020000.backup")
    monkeypatch.setattr(dumps, "choose", lambda *_words: dumps.of(settings, DATABASE)[0])
    for _ in range(2):
        restore_table.restore(settings, DATABASE, "invoices", None, replace=False)
    schemas = re.findall(r"rows are in (restored_\w+)\.invoices", capsys.readouterr().out)
    assert len(set(schemas)) == 2


class Silent:
    """A server that does what it is told."""

    def tell(self, *_words: str, **_more: str) -> str:
        return ""

    def ask(self, *_words: str) -> int:
        return 1

    def words(self, _database: str) -> list[str]:
        return []
