"""Which version of PostgreSQL holds the databases, and that no other one gets an empty cluster in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.kinds import build, postgres_cluster
from hostctl.kinds.base import Kind, Phase


@pytest.fixture(autouse=True)
def _etc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres_cluster, "CONFIGURATION", tmp_path)


def clusters(folder: Path, starts: Mapping[int, str]) -> None:
    for version, start in starts.items():
        (folder / f"{version}/main").mkdir(parents=True)
        (folder / f"{version}/main/postgresql.conf").touch()
        (folder / f"{version}/main/start.conf").write_text(f"# Automatic startup\n# auto: ...\n\n{start}\n")


def version(wanted: int) -> Kind:
    return build({"kind": "postgres_version", "name": "main", "version": wanted})


@pytest.mark.parametrize(
    ("starts", "differences"),
    [
        ({}, []),
        ({18: "auto"}, []),
        ({17: "manual", 18: "auto"}, []),
        # both serve, as on a server that was set up by hand: nothing would be made
        ({17: "auto", 18: "auto"}, []),
        ({17: "auto"}, ["the databases are in 17/main"]),
        ({17: "auto", 18: "manual"}, ["the databases are in 17/main"]),
        ({16: "auto", 17: "auto"}, ["the databases are in 16/main, 17/main"]),
        # stopped for good, and so nobody's
        ({17: "disabled"}, []),
    ],
)
def test_a_version_is_refused_where_another_one_has_the_databases(
    tmp_path: Path, starts: dict[int, str], differences: list[str]
) -> None:
    clusters(tmp_path, starts)
    thing = version(18)
    assert thing.differs(thing.observe()) == differences


def test_the_refusal_comes_before_packages_and_says_where_to_read(tmp_path: Path) -> None:
    clusters(tmp_path, {17: "auto"})
    thing = version(18)
    assert thing.phase < Phase.PACKAGES
    with pytest.raises(HostError, match="PostgreSQL 18 would begin with an empty cluster") as refused:
        thing.apply(thing.observe())
    assert "docs/operations.md" in refused.value.hint


def test_a_cluster_that_is_not_required_is_not_made_and_stays_when_it_is_there(tmp_path: Path) -> None:
    thing = build({"kind": "postgres_cluster", "version": 17, "cluster": "main", "required": False})
    assert thing.differs(thing.observe()) == []
    clusters(tmp_path, {17: "manual"})
    assert thing.differs(thing.observe()) == []
    required = build({"kind": "postgres_cluster", "version": 18, "cluster": "main"})
    assert required.differs(required.observe()) == ["missing"]


def test_a_cluster_that_gave_its_place_away_is_neither_started_nor_stopped_when_a_state_comes_back(
    tmp_path: Path,
) -> None:
    clusters(tmp_path, {17: "auto", 18: "manual"})
    assert postgres_cluster.serves_by_itself("postgresql@17-main.service")
    assert not postgres_cluster.serves_by_itself("postgresql@18-main.service")
    assert not postgres_cluster.serves_by_itself("postgresql@16-main.service")
    assert postgres_cluster.serves_by_itself("nginx.service")
