"""Which snapshot is meant, and what of it is brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from objectctl.__main__ import main, parser
from objectctl.config import Config
from objectctl.errors import Failure
from objectctl.restic import Restic
from objectctl.restoring import _paths, _scratch, chosen
from tests.objectctl.conftest import Fake

SNAPSHOTS: list[dict[str, Any]] = [
    {"id": "aaaaaa111", "time": "2026-11-01T02:30:00.123456789Z"},
    {"id": "bbbbbb222", "time": "2026-11-02T02:30:00.123456789+01:00"},
    {"id": "cccccc333", "time": "2026-11-03T02:30:00Z"},
]


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        (None, "cccccc333"),
        ("bbbbbb", "bbbbbb222"),
        ("2026-11-02T01:30:01+00:00", "bbbbbb222"),
        ("2026-11-02T01:29:59", "aaaaaa111"),
        ("2030-01-01", "cccccc333"),
    ],
)
def test_a_snapshot_is_named_by_its_id_or_by_a_time_after_it(moment: str | None, found: str) -> None:
    assert chosen(SNAPSHOTS, moment)["id"] == found


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("dddddd", "neither a snapshot nor a time"),
        ("yesterday", "neither a snapshot nor a time"),
        ("2026-10-01", "no snapshot is older than"),
    ],
)
def test_what_means_no_snapshot_is_said(moment: str, words: str) -> None:
    with pytest.raises(Failure, match=words):
        chosen(SNAPSHOTS, moment)


def test_before_the_first_backup_there_is_nothing_to_restore() -> None:
    with pytest.raises(Failure, match="there is no snapshot yet"):
        chosen([], None)


def test_letters_with_a_meaning_in_patterns_stand_for_themselves(
    fake: Fake, config: Config, tmp_path: Path
) -> None:
    paths = _paths(config, "bucket", "what? [1]*.pdf")
    Restic(config).restore("abc", paths, tmp_path)
    assert f"--include={config.buckets}/bucket/what\\? \\[1\\]\\*.pdf" in fake.calls[0]


def test_minio_also_needs_what_it_knows_of_the_bucket(config: Config) -> None:
    minio = Config(**(vars(config) | {"kind": "minio"}))
    names = [str(path.relative_to(config.buckets)) for path in _paths(minio, "bucket", None)]
    assert names == ["bucket", ".minio.sys/format.json", ".minio.sys/buckets/bucket"]


def test_the_command_takes_a_bucket_and_perhaps_an_object() -> None:
    words = parser().parse_args(["restore", "bucket", "a/b", "--at", "2026-11-01"])
    assert (words.bucket, words.key, words.at) == ("bucket", "a/b", "2026-11-01")
    assert parser().parse_args(["restore", "bucket"]).key is None


def test_a_missing_configuration_is_one_plain_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("objectctl.restoring.is_root", lambda: True)
    assert main(str(tmp_path / "none.json"), ["list"]) == 1
    assert f"error: {tmp_path}/none.json: No such file or directory" in capsys.readouterr().err


def test_whoever_is_not_root_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("objectctl.restoring.is_root", lambda: False)
    assert main("/nowhere", ["restore", "bucket"]) == 1
    assert "next: sudo dhanman-objects restore bucket" in capsys.readouterr().err


def test_two_restores_at_once_are_one_and_what_a_killed_one_left_goes(config: Config) -> None:
    config.data.mkdir()
    left = config.data.parent / "data-restore-of-a-killed-one"
    left.mkdir()
    with _scratch(config) as folder:
        assert not left.exists()
        assert folder.parent == config.data.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        with pytest.raises(Failure, match="another restore is under way"), _scratch(config):
            raise AssertionError
    assert not folder.exists()
