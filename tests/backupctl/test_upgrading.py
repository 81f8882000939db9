"""Handing a cluster's place over to another version, and what a rollback refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backupctl import status, upgrade_checks, upgrading, versions
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.tools import now
from backupctl.versions import Version

OLD, NEW = Version(number="17"), Version(number="18")


def test_what_names_the_old_cluster_names_the_new_one_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pgbackrest, own = tmp_path / "pgbackrest.conf", tmp_path / "backupctl.json"
    monkeypatch.setattr(versions, "PGBACKREST", pgbackrest)
    pgbackrest.write_text("repo1-cipher-pass=17/x\npg1-path=/var/lib/postgresql/17/main\n")
    pgbackrest.chmod(0o400)
    text = '{"cluster": "17/main", "programs": "/usr/lib/postgresql/17/bin", "limit": 17}'
    own.write_text(text)
    versions.hand_over(own, OLD, NEW)
    assert pgbackrest.read_text() == "repo1-cipher-pass=17/x\npg1-path=/var/lib/postgresql/18/main\n"
    assert pgbackrest.stat().st_mode & 0o777 == 0o400
    assert own.read_text() == '{"cluster": "18/main", "programs": "/usr/lib/postgresql/18/bin", "limit": 17}'
    versions.hand_over(own, NEW, OLD)
    assert own.read_text() == text


def test_how_a_cluster_starts_is_changed_and_the_comments_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Version, "configuration", tmp_path)
    start = tmp_path / "start.conf"
    start.write_text("# auto: by itself\n# manual: by hand\n\nauto\n")
    OLD.starts("manual")
    assert start.read_text() == "# auto: by itself\n# manual: by hand\n\nmanual\n"


def test_rows_that_are_missing_are_named() -> None:
    before = {"sales": {"public.t": 3, "public.u": 1}}
    upgrading._compare(before, {"sales": {"public.t": 3, "public.u": 1}})
    with pytest.raises(Failure) as failed:
        upgrading._compare(before, {"sales": {"public.t": 2}})
    assert failed.value.details.splitlines() == [
        "sales: public.t has 2 rows instead of 3",
        "sales: public.u has None rows instead of 1",
    ]


def test_without_an_upgrade_there_is_none_to_take_back(settings: Config, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no upgrade to take back"):
        upgrading.rollback(settings, tmp_path / "x", lose=True)


def test_what_would_be_lost_is_said_first(
    settings: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = {"result": "ok", "problems": [], "from": "17", "to": "18", "files": {}}
    status.write(settings.state, upgrading.REPORT, report)
    monkeypatch.setattr(Version, "exists", True)
    monkeypatch.setattr(upgrading, "run", lambda *_, **__: pytest.fail("touched"))
    with pytest.raises(Failure, match="is in 18/main alone") as refused:
        upgrading.rollback(settings, tmp_path / "x", lose=False)
    assert "--lose-changes" in refused.value.next_step


@pytest.mark.parametrize(
    ("number", "words"), [("17", "17 is not newer than 18"), ("99", "PostgreSQL 99 is not installed")]
)
def test_an_upgrade_that_cannot_begin_is_refused(settings: Config, number: str, words: str) -> None:
    with pytest.raises(Failure) as refused:
        upgrade_checks.refuse(settings, Version(number="18"), Version(number=number))
    assert words in refused.value.details


def test_the_cluster_that_serves_is_not_dropped(settings: Config) -> None:
    with pytest.raises(Failure, match="18/main serves"):
        upgrading.drop(settings, Version(number="18"))


@pytest.mark.parametrize(
    ("hours", "anyway", "refused"),
    [(1, "", False), (27, "", True), (None, "", True), (27, "a reason", False)],
)
def test_an_upgrade_needs_the_drill_that_the_settings_require(
    settings: Config, tmp_path: Path, hours: int | None, anyway: str, refused: bool
) -> None:
    gate = tmp_path / "data-gate.json"
    assert list(upgrade_checks.drill_problems(settings, gate)) == []
    gate.write_text(json.dumps({"hours": 26, "anyway": anyway}))
    if hours is not None:
        drilled = {"result": "ok", "problems": [], "succeeded": now() - hours * 3600}
        status.write(settings.state, "drill", drilled)
    found = list(upgrade_checks.drill_problems(settings, gate))
    assert bool(found) is refused
    assert all("no restore drill has succeeded within 26 h" in problem for problem in found)
