"""The stanza of pgBackRest: what differs, what is done about it, what stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hostctl import psql
from hostctl.errors import HostError
from hostctl.kinds import build, paths, pgbackrest_stanza
from tests.hostctl.tools import Tools

CALL = "runuser -u postgres -- pgbackrest --stanza=qa"
WANTED: dict[str, Any] = {
    "kind": "pgbackrest_stanza",
    "name": "qa",
    "repositories": ["/backups/pgbackrest", "bucket at s3.example.com"],
    "first_backup": "dhanman-pgbackrest-qa@full.service",
    "port": 5432,
}
SYSTEM = "7712476620580318575"


def stanza(*repositories: tuple[int, str | None, str]) -> str:
    """As ``info --output=json`` answers: each repository's code, its newest cluster and its message."""
    listed = list(enumerate(repositories, 1))
    databases = [
        {"id": number, "repo-key": key, "system-id": int(known), "version": "18"}
        for key, (_, system, _) in listed
        if system
        for number, known in enumerate(("1", system), 1)
    ]
    status = [{"key": key, "status": {"code": code, "message": said}} for key, (code, _, said) in listed]
    return json.dumps([{"name": "qa", "db": databases, "repo": status}])


def info(code: int, system: str | None = SYSTEM, message: str = "") -> str:
    return stanza((code, system, message))


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tools:
    """A host with pgBackRest and a cluster that answers."""
    made = Tools()
    monkeypatch.setattr(pgbackrest_stanza, "run", made.run)
    monkeypatch.setattr(pgbackrest_stanza, "MADE", tmp_path / "stanzas")
    monkeypatch.setattr(pgbackrest_stanza, "PROGRAM", Path("/bin/sh"))
    monkeypatch.setattr(pgbackrest_stanza, "PAUSE", 0.01)
    monkeypatch.setattr(psql, "query", lambda _port, _sql: {"system": SYSTEM})
    monkeypatch.setattr(paths, "ids", lambda _owner, _group: (-1, -1))
    made.answer(f"{CALL} --output=json --repo=1 info", info(1, None))
    made.answer(f"{CALL} --output=json info", stanza((1, None, ""), (1, None, "")))
    return made


def differences(wanted: dict[str, Any] = WANTED) -> list[str]:
    thing = build(wanted)
    return thing.differs(thing.observe())


def test_a_missing_stanza_is_made_and_the_first_backup_is_started_without_waiting(tools: Tools) -> None:
    thing = build(WANTED)
    assert differences() == ["missing in the local repository, or not to be read there"]
    thing.apply(thing.observe())
    assert tools.calls[-2:] == [
        f"{CALL} stanza-create",
        "systemctl start --no-block dhanman-pgbackrest-qa@full.service",
    ]
    tools.answer(f"{CALL} --output=json --repo=1 info", info(2))
    assert differences() == []


def test_looking_at_it_asks_no_bucket(tools: Tools) -> None:
    differences()
    assert [call for call in tools.calls if "pgbackrest" in call] == [f"{CALL} --output=json --repo=1 info"]


def test_a_repository_that_is_added_later_is_a_difference(tools: Tools) -> None:
    tools.answer(f"{CALL} --output=json --repo=1 info", info(0))
    first = build(WANTED | {"repositories": WANTED["repositories"][:1]})
    first.apply(first.observe())
    assert differences() == ["not made in bucket at s3.example.com"]


def test_another_cluster_s_repository_is_reported_and_left_alone(
    tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.answer(f"{CALL} --output=json --repo=1 info", info(0, "1"))
    tools.answer(f"{CALL} stanza-create", status=28)
    thing = build(WANTED)
    assert differences() == ["the local repository belongs to another cluster"]
    thing.apply(thing.observe())
    said = capsys.readouterr()
    assert "dhanman-restore cluster" in said.out + said.err
    assert not tools.asked("systemctl start")
    assert differences() != []


def test_a_bucket_that_refuses_fails_with_what_to_do(tools: Tools) -> None:
    tools.answer(f"{CALL} stanza-create", status=95, err="ERROR: [095]: unable to connect")
    thing = build(WANTED)
    with pytest.raises(HostError, match="stanza-create") as failed:
        thing.apply(thing.observe())
    assert "unable to connect" in failed.value.details
    assert "backup.bucket" in failed.value.hint


def test_a_server_that_is_down_is_no_other_cluster(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.answer(f"{CALL} --output=json --repo=1 info", info(0))
    monkeypatch.setattr(psql, "query", lambda _port, _sql: None)
    assert differences() == ["PostgreSQL does not answer"]


def test_before_the_package_is_there_nothing_is_asked(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pgbackrest_stanza, "PROGRAM", tmp_path / "none")
    assert differences() == ["missing"]
    assert tools.calls == []


def test_removing_it_leaves_every_backup(tools: Tools) -> None:
    thing = build(WANTED)
    origin = thing.observe()
    thing.apply(origin)
    before = len(tools.calls)
    assert origin is not None
    thing.restore(origin)
    assert tools.calls[before:] == []
    tools.answer(f"{CALL} --output=json --repo=1 info", info(0))
    assert len(differences()) == 2


def test_backups_that_no_passphrase_is_left_for_are_set_aside_and_kept(tools: Tools, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "archive" / "qa").mkdir(parents=True)
    (repository / "backup").mkdir()
    garbled = info(99, None, "[FormatError] key/value found outside of section at line 1: \x01").replace(
        "\\u0001", "\x01"
    )
    tools.answer(f"{CALL} --output=json --repo=1 info", garbled)
    thing = build(WANTED | {"repositories": [str(repository)]})
    assert thing.differs(thing.observe()) != []
    thing.apply(thing.observe())
    (aside,) = repository.iterdir()
    assert aside.name.startswith("unreadable-")
    assert sorted(part.name for part in aside.iterdir()) == ["archive", "backup"]
    assert tools.asked(f"{CALL} stanza-create")


def test_a_bucket_with_another_passphrase_is_left_alone_and_named(tools: Tools) -> None:
    tools.answer(f"{CALL} stanza-create", status=29, err="ERROR: [029]: key/value found outside of section")
    thing = build(WANTED)
    with pytest.raises(HostError) as failed:
        thing.apply(thing.observe())
    assert "backup.bucket.prefix" in failed.value.hint


def restored(tools: Tools, status: int) -> None:
    """The host after ``dhanman-restore cluster``: both repositories are the running cluster's."""
    tools.answer(f"{CALL} --output=json --repo=1 info", info(status))
    tools.answer(f"{CALL} --output=json info", stanza((status, SYSTEM, ""), (status, SYSTEM, "")))


def test_what_a_restore_made_is_taken_over_while_its_backup_runs(tools: Tools) -> None:
    restored(tools, 2)
    tools.answer(f"{CALL} stanza-create", status=50, err="ERROR: [050]: unable to acquire lock")
    thing = build(WANTED)
    thing.apply(thing.observe())
    assert not tools.asked(f"{CALL} stanza-create")
    # it runs already, and starting it then does nothing
    assert tools.asked("systemctl start --no-block dhanman-pgbackrest-qa@full.service")
    assert differences() == []


def test_what_a_restore_made_and_backed_up_gets_no_second_backup(tools: Tools) -> None:
    restored(tools, 0)
    thing = build(WANTED)
    thing.apply(thing.observe())
    assert not tools.asked("systemctl start")
    assert differences() == []


@pytest.mark.parametrize(
    "bucket",
    [(0, "1", ""), (99, SYSTEM, "unable to connect"), (1, None, "")],
    ids=["other", "away", "missing"],
)
def test_a_bucket_that_is_not_this_cluster_s_is_not_taken_over(
    tools: Tools, bucket: tuple[int, str | None, str]
) -> None:
    tools.answer(f"{CALL} --output=json --repo=1 info", info(0))
    tools.answer(f"{CALL} --output=json info", stanza((0, SYSTEM, ""), bucket))
    thing = build(WANTED)
    thing.apply(thing.observe())
    assert tools.asked(f"{CALL} stanza-create")


def test_a_stanza_that_another_command_holds_is_waited_for(
    tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        tools.answer(
            f"{CALL} stanza-create", status=50, err="ERROR: [050]: unable to acquire lock", once=True
        )
    thing = build(WANTED)
    thing.apply(thing.observe())
    assert len(tools.asked(f"{CALL} stanza-create")) == 3
    said = capsys.readouterr()
    assert "waiting for a backup that runs" in said.out + said.err


def test_a_backup_that_runs_for_long_is_named_and_no_setting_is_blamed(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgbackrest_stanza, "LIMIT", 0.0)
    tools.answer(f"{CALL} stanza-create", status=50, err="ERROR: [050]: unable to acquire lock")
    thing = build(WANTED)
    with pytest.raises(HostError) as failed:
        thing.apply(thing.observe())
    assert "wait until the backup that runs has ended" in failed.value.hint
    assert "backup.bucket" not in failed.value.hint
    assert not tools.asked("systemctl start")
