"""Migrations: once for a release, before it serves, by the service's user; nobody notices one that fails."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.releasing import (
    FASTEST,
    converged,
    deploy,
    release,
    running_slots,
    serving,
    under_load,
    versions,
)
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

MIGRATION: dict[str, Any] = {"migration": {"command": "{release}/migrate", "timeout": 60}}
# in brackets, so that the shell that asks does not find itself
PROCESS = "slots/.*/[m]igrate"


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    """An environment whose service sales gets a migration."""
    return fastest_world


def migrating(world: World, **more: Any) -> dict[str, Any]:
    """Settings of a new version with a migration."""
    return release(world) | MIGRATION | more


def rows(world: World) -> list[tuple[str, ...]]:
    """Version, greeting and system user of each migration that was committed, in their order."""
    query = (
        "SELECT json_agg(json_build_array(version, greeting, system_user_name) ORDER BY number)"
        " FROM sample_migrations"
    )
    psql = f'cd / && runuser -u postgres -- psql -XAtc "{query}" local-dhanman-sales'
    # before the first one there is no such table
    said = world.run(psql, check=False)
    return [tuple(row) for row in json.loads(said or "[]")]


def migrated(world: World) -> list[str]:
    return [row[0] for row in rows(world)]


def no_migration_runs(world: World) -> None:
    units = "systemctl list-units --all --plain --no-legend 'dhanman-sales-local-migrate@*'"
    assert world.run(units).strip() == ""
    assert world.run(f"pgrep -fc '{PROCESS}' || true").strip() == "0"


def test_a_migration_runs_once_before_the_switch_as_the_services_user_with_the_new_settings(
    world: World, vegeta: Path
) -> None:
    old, new = release(world), migrating(world, settings={"Service": {"Greeting": "new settings"}})
    deploy(world, old)
    done = rows(world)
    with under_load(world, vegeta) as requests:
        said = deploy(world, new)
        assert said.index("migrating the database for version") < said.index("starting dhanman-sales-local@")
        assert rows(world) == [*done, (new["version"], "new settings", "dhanman-sales-local")]
        # so that the login whose turn is next may change what this one made
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'sample_migrations'"
        psql = f'cd / && runuser -u postgres -- psql -XAtc "{owner}" local-dhanman-sales'
        assert world.run(psql).strip() == "dhanman_user"
        deploy(world, new | {"settings": {"Service": {"Greeting": "other settings"}}})
        deploy(world, old | MIGRATION)
        deploy(world, new)
        assert serving(world) == new["version"]
    assert versions(requests) == {old["version"], new["version"]}
    # the old one was deployed before it had a migration: coming back with one, it runs that once
    assert migrated(world)[len(done) :] == [new["version"], old["version"]]
    deploy(world, old | MIGRATION)
    assert migrated(world)[len(done) :] == [new["version"], old["version"]]
    no_migration_runs(world)
    converged(world)


FAILING = {
    "fails": ({"Sample": {"MigrationFails": True}}, 60, "failed with exit status 1"),
    "hangs": ({"Sample": {"MigrationHangs": True}}, 3, "did not end within 3 s and was ended"),
}


@pytest.mark.parametrize("how", ["fails", pytest.param("hangs", marks=pytest.mark.slow)])
def test_a_migration_that_fails_is_no_switch_says_why_and_runs_again_with_the_next_attempt(
    world: World, vegeta: Path, how: str
) -> None:
    settings, timeout, reason = FAILING[how]
    old = migrating(world)
    deploy(world, old)
    done = migrated(world)
    new = migrating(world, settings=settings)
    new["migration"] = new["migration"] | {"timeout": timeout}
    with under_load(world, vegeta) as requests:
        said = deploy(world, new, check=False)
        assert f"error: the migration of version {new['version']} {reason}" in said
        assert "next: correct the cause, then pulumi up: it runs again" in said
        assert "now: the previous state was put back" in said
        if how == "fails":
            assert "Sample:MigrationFails is set" in said
        assert "Traceback" not in said
        assert serving(world) == old["version"]
        assert len(running_slots(world)) == 1
        assert migrated(world) == done, "what it had done is undone by the database"
        no_migration_runs(world)
        deploy(world, new | MIGRATION | {"settings": {}})
        assert serving(world) == new["version"]
    assert versions(requests) == {old["version"], new["version"]}
    assert migrated(world) == [*done, new["version"]]
    converged(world)


@pytest.mark.slow
def test_a_run_that_is_told_to_end_leaves_no_migration_behind(world: World) -> None:
    old = migrating(world)
    deploy(world, old)
    done = migrated(world)
    new = migrating(world, settings={"Sample": {"MigrationHangs": True}})
    world.configure(FASTEST | {"services": {"sales": new}})
    swap = world.start("up", "--stack", STACK, "--yes", "--skip-preview")
    world.host.exec(f"timeout 120 sh -c 'until pgrep -f \"{PROCESS}\"; do sleep 0.1; done'")
    world.host.exec("pkill -TERM -f '[h]ostctl apply'")
    said, _ = swap.communicate(timeout=120)
    assert swap.returncode != 0
    assert "ended by SIGTERM" in said
    no_migration_runs(world)
    assert serving(world) == old["version"]
    deploy(world, new | {"settings": {}})
    assert migrated(world) == [*done, new["version"]]
    converged(world)


@pytest.mark.slow
def test_two_runs_at_once_from_two_states_migrate_once(world: World, vegeta: Path) -> None:
    old, new = migrating(world), migrating(world)
    deploy(world, old)
    done = migrated(world)
    folder = world.project.parent.with_name("second")
    shutil.copytree(world.project.parent, folder, symlinks=True, ignore=shutil.ignore_patterns("load-*"))
    second = World(project=folder / "project", host=world.host, cli=world.cli)
    with under_load(world, vegeta):
        runs: list[subprocess.Popen[str]] = []
        for each in (world, second):
            each.configure(FASTEST | {"services": {"sales": new}})
            runs.append(each.start("up", "--stack", STACK, "--yes", "--skip-preview"))
        said = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(said)
    assert sum("migrating the database" in text for text in said) == 1
    assert migrated(world) == [*done, new["version"]]
    assert serving(world) == new["version"]
    converged(world)
