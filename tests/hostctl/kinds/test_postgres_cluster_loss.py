"""Which cluster's end is a danger."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.kinds import postgres_cluster
from hostctl.kinds.postgres_cluster import PostgresCluster


@pytest.mark.parametrize(
    ("start", "stays", "danger"),
    [
        ("auto\n", True, "would no longer serve"),
        ("auto\n", False, "would be dropped"),
        ("# by hand, since the upgrade\nmanual\n", True, None),
        ("manual\n", False, "would be dropped"),
    ],
)
def test_a_cluster_that_serves_is_missed_and_one_that_was_upgraded_only_if_it_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, stays: bool, danger: str | None
) -> None:
    monkeypatch.setattr(postgres_cluster, "CONFIGURATION", tmp_path)
    folder = tmp_path / "17/main"
    folder.mkdir(parents=True)
    (folder / "start.conf").write_text(start)
    told = PostgresCluster({"version": 17, "cluster": "main"}).loss(stays=stays)
    assert told == (f"PostgreSQL's cluster 17/main {danger}" if danger else None)
