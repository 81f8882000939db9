"""The nightly backup, with a restic that only answers."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from objectctl import backing_up, status
from objectctl.config import Config
from objectctl.errors import Failure
from objectctl.restic import STALE
from tests.objectctl.conftest import PASSPHRASE, Fake

STATS = json.dumps({"total_size": 4096})
SNAPSHOTS = json.dumps(
    [{"id": "b", "time": "2026-11-02T02:30:00Z"}, {"id": "a", "time": "2026-11-01T02:30:00Z"}]
)
REFUSED = "dial tcp 192.0.2.1:443: connect: connection refused"
GOOD: dict[str, list[tuple[int, str]]] = {"stats": [(0, STATS)], "snapshots": [(0, SNAPSHOTS)]}


def test_a_repository_is_made_once_and_a_dead_run_s_lock_is_taken_away(fake: Fake, config: Config) -> None:
    fake.answers(cat=[(10, "Fatal: repository does not exist")], **GOOD)
    backing_up.back_up(config)
    fake.answers(**GOOD)
    backing_up.back_up(config)
    verbs = fake.verbs
    assert verbs.count("init") == 1
    assert [v for v in verbs if v in ("unlock", "backup", "forget")] == ["unlock", "backup", "forget"] * 2


def test_what_a_killed_run_was_writing_is_removed_once_nobody_can_still_write_it(
    fake: Fake, config: Config
) -> None:
    locks = Path(config.restic["RESTIC_REPOSITORY"]) / "locks"
    locks.mkdir(parents=True)
    whole, left, written = (locks / name for name in ("0a1b", "0a1b-tmp-1415226197", "2c3d-tmp-271828182"))
    for file in (whole, left, written):
        file.touch()
    long_ago = time.time() - STALE - 60
    for file in (whole, left):
        os.utime(file, (long_ago, long_ago))
    fake.answers(**GOOD)
    backing_up.back_up(config)
    assert sorted(locks.iterdir()) == [whole, written]


@pytest.mark.parametrize(
    "reason", ["stat /somewhere/config: no such file or directory", "Stat: The specified key does not exist."]
)
def test_an_older_restic_says_in_words_that_there_is_no_repository(
    fake: Fake, config: Config, reason: str
) -> None:
    fake.answers(
        cat=[(1, f"Fatal: unable to open config file: {reason}\nIs there a repository there?")], **GOOD
    )
    backing_up.back_up(config)
    assert "init" in fake.verbs


def test_a_bucket_that_is_not_reached_is_not_taken_for_an_empty_one(fake: Fake, config: Config) -> None:
    fake.answers(cat=[(1, f"Fatal: unable to open config file: Stat: Head x: {REFUSED}\nIs there one?")])
    with pytest.raises(Failure, match="exit status 1") as caught:
        backing_up.back_up(config)
    assert "can't be reached" in caught.value.next_step
    assert fake.verbs == ["cat"]
    assert status.read(config.state, "backup")["result"] == "failed"


def test_a_bucket_that_never_answers_fails_the_run_after_a_while(
    fake: Fake, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("objectctl.restic.FIRST_ANSWER", 0.5)
    fake.answers(cat=[("hangs", f"Load(<config>) returned error, retrying after 1s: {REFUSED}")])
    with pytest.raises(Failure, match="exit status 130") as caught:
        backing_up.back_up(config)
    assert "can't be reached" in caught.value.next_step
    assert fake.verbs == ["cat"]
    assert status.read(config.state, "backup")["result"] == "failed"


def test_what_is_older_than_the_retention_goes_and_the_last_snapshot_never_does(
    fake: Fake, config: Config
) -> None:
    fake.answers(**GOOD)
    backing_up.back_up(config)
    (forget,) = [call for call in fake.calls if call[0] == "forget"]
    assert {"--keep-within=30d", "--keep-last=1", "--prune"} <= set(forget)
    written = status.read(config.state, "backup")
    assert (written["result"], written["snapshots"], written["bytes"]) == ("ok", 2, 4096)
    metrics = (config.state / "backup.prom").read_text().splitlines()
    assert "dhanman_objects_backup_success 1" in metrics
    assert "dhanman_objects_backup_bytes 4096" in metrics


def test_objects_that_vanish_while_they_are_read_are_looked_at_once_more(fake: Fake, config: Config) -> None:
    fake.answers(backup=[(3, "at least one source file could not be read")], **GOOD)
    backing_up.back_up(config)
    assert fake.verbs.count("backup") == 2
    fake.answers(backup=[(3, "unreadable")] * 2)
    with pytest.raises(Failure):
        backing_up.back_up(config)
    assert "forget" not in fake.verbs[fake.verbs.index("forget") + 1 :]
    assert status.read(config.state, "backup")["problems"][-1] == "unreadable"


def test_a_failure_shows_no_secret(fake: Fake, config: Config) -> None:
    fake.answers(backup=[(1, "Fatal: PASSPHRASE is what I was given")])
    with pytest.raises(Failure) as caught:
        backing_up.back_up(config)
    assert PASSPHRASE not in caught.value.details
    assert "[hidden] is what I was given" in caught.value.details
    assert PASSPHRASE not in (config.state / "backup.json").read_text()
    assert PASSPHRASE not in json.dumps(fake.calls)


def test_two_runs_at_once_are_one(fake: Fake, config: Config) -> None:
    config.state.mkdir()
    with (config.state / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Failure, match="another run"):
            backing_up.back_up(config)
    assert not (config.state / "backup.json").exists()


def test_each_week_reads_another_quarter(fake: Fake, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for week in range(4):
        monkeypatch.setattr(time, "time", lambda week=week: week * 7 * 86400.0)
        backing_up.check(config)
    parts = [call[1] for call in fake.calls if call[0] == "check"]
    assert parts == [f"--read-data-subset={part}/4" for part in (1, 2, 3, 4)]


def test_restic_that_is_missing_is_named(config: Config, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake.folder / "restic").unlink()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Failure, match="restic is not on the host"):
        backing_up.back_up(config)
