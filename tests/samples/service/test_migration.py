"""The sample's migration: one transaction, committed at its very end or not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dhanman_sample import migration


class Database:
    """A driver with one connection, which remembers what was asked of it."""

    def __init__(self) -> None:
        self.steps: list[Any] = []

    def connect(self, **_: object) -> Database:
        return self

    def cursor(self) -> Database:
        return self

    def execute(self, statement: str, values: tuple[str, ...] = ()) -> None:
        self.steps.append(values or statement.split(maxsplit=1)[0])

    def commit(self) -> None:
        self.steps.append("commit")

    def close(self) -> None:
        self.steps.append("close")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    made = Database()
    driver = ModuleType("psycopg")
    driver.__dict__.update(connect=made.connect, Error=OSError)
    monkeypatch.setitem(sys.modules, "psycopg", driver)
    monkeypatch.chdir(tmp_path)
    return made


def _settings(**sample: bool) -> None:
    document = {"ConnectionStrings": {"DefaultConnection": "Host=h"}, "Service": {"Greeting": "hi"}}
    Path("appsettings.QA.json").write_text(json.dumps(document | {"Sample": sample}))


def test_it_makes_its_table_and_a_row_with_the_settings_of_the_release(database: Database) -> None:
    _settings()
    assert migration.main({"ASPNETCORE_ENVIRONMENT": "QA"}, "1.2.3") == 0
    create, row, *rest = database.steps
    assert (create, row[:2], rest) == ("CREATE", ("1.2.3", "hi"), ["commit", "close"])


def test_one_that_is_told_to_fail_commits_nothing_and_says_so(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    _settings(MigrationFails=True)
    assert migration.main({"ASPNETCORE_ENVIRONMENT": "QA"}, "1.2.3") == 1
    assert database.steps[-1] == "close"
    assert "commit" not in database.steps
    assert "the migration to 1.2.3 failed: Sample:MigrationFails is set" in capsys.readouterr().err


def test_one_without_a_database_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert migration.main({}, "1.2.3") == 1
    assert "ConnectionStrings:DefaultConnection is not set" in capsys.readouterr().err
