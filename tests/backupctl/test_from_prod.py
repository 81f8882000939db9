"""What a copy of another environment's data refuses, and what it leaves when it fails."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from backupctl import from_prod, pgbackrest
from backupctl.config import Config, Original, Source
from backupctl.errors import Failure
from backupctl.pgbackrest import Backup, Contents
from backupctl.tools import lock, now

OWN = "qa-dhanman-sales"


@pytest.fixture
def copying(settings: Config) -> Config:
    """An environment that may copy one database."""
    settings.data.mkdir(parents=True)
    databases = {OWN: Original(name="prod-dhanman-sales", masks=())}
    source = Source(
        environment="prod", configuration="/etc/pgbackrest/x.conf", place="a bucket", databases=databases
    )
    return dataclasses.replace(settings, source=source)


def held(**changes: Any) -> Contents:
    backup = Backup(label="x", full=True, start=now() - 9, stop=now() - 8, size=1, stored=1, damaged=False)
    return Contents(**{"backups": (backup,), "version": "18"} | changes)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (Contents(problem="unable to connect"), "nothing to copy in a bucket: unable to connect"),
        (held(version="17"), "its PostgreSQL is 17, the one here 18"),
    ],
)
def test_what_cannot_be_restored_here_is_refused_before_anything_is_made(
    copying: Config, monkeypatch: pytest.MonkeyPatch, contents: Contents, words: str
) -> None:
    monkeypatch.setattr(pgbackrest, "contents", lambda _config, _repository: contents)
    monkeypatch.setattr(from_prod, "restored", lambda *_: pytest.fail("touched"))
    monkeypatch.setattr(from_prod, "drop", lambda *_: pytest.fail("touched"))
    with pytest.raises(Failure, match=words):
        from_prod.copy(copying, [], None)


def test_another_environment_s_repository_is_read_with_its_own_configuration(
    copying: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Config] = []

    def contents(config: Config, _repository: object) -> Contents:
        asked.append(config)
        return Contents(problem="x")

    monkeypatch.setattr(pgbackrest, "contents", contents)
    with pytest.raises(Failure):
        from_prod.copy(copying, [], None)
    assert (asked[0].stanza, asked[0].configuration) == ("prod", "/etc/pgbackrest/x.conf")


def test_a_database_without_masks_is_never_copied(copying: Config) -> None:
    with pytest.raises(Failure, match="qa-dhanman-payroll: nothing says what is masked"):
        from_prod.copy(copying, [OWN, "qa-dhanman-payroll"], None)


def test_without_a_source_the_settings_are_named(settings: Config) -> None:
    with pytest.raises(Failure) as refused:
        from_prod.copy(settings, [], None)
    assert "qaFromProd" in refused.value.next_step


def test_what_a_killed_copy_left_is_removed_unless_one_is_running(copying: Config) -> None:
    left = copying.data.parent / from_prod.FOLDER
    (left / "data").mkdir(parents=True)
    with lock(copying.state / from_prod.LOCK, "busy"):
        from_prod.clean(copying)
        assert left.exists()
    from_prod.clean(copying)
    assert not left.exists()
