"""What could lose data is refused on a real host until a restore drill has succeeded, and then done."""

from __future__ import annotations

import pytest
import yaml

from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

DATABASE = "local-dhanman-sales"
REPORT = "/var/lib/dhanman-backup-local/drill.json"
GUARDED = {"backup": {"requireDrill": True}}
REFUSED = f"the database {DATABASE} would be dropped: no restore drill has succeeded within 26 h"


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld) -> World:
    """A converged environment with the gate, whose data goes with its services."""
    return converged_world("gate", GUARDED)


def databases(world: World) -> str:
    return world.run("runuser -u postgres -- psql -XAtqc 'SELECT datname FROM pg_database'")


def without_sales(world: World) -> None:
    file = world.project / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text())
    del content["config"]["dhanman:services"]["sales"]
    file.write_text(yaml.safe_dump(content))


def test_another_version_or_data_directory_is_announced_and_refused_and_nothing_is_changed(
    world: World,
) -> None:
    for settings, danger in (
        ({"version": 17}, "PostgreSQL's cluster 18/main would be dropped"),
        ({"settings": {"data_directory": "/srv/elsewhere"}}, "its usual place -> /srv/elsewhere"),
    ):
        world.configure(GUARDED | {"postgres": settings})
        shown = world.preview_text()
        assert "will be refused" in shown
        assert danger in shown
        said = world.up(check=False)
        assert f"{danger}: no restore drill has succeeded within 26 h" in said
        assert "next: make drill STACK=local" in said
        assert "now: nothing was changed" in said
    world.configure(GUARDED)
    world.up()
    assert world.drift() == []
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200


@pytest.mark.slow
def test_a_database_is_dropped_once_a_drill_has_succeeded_and_not_before(world: World) -> None:
    before = (world.project / "Pulumi.local.yaml").read_text()
    without_sales(world)
    assert f"the removal of database-{DATABASE} will be refused: the database" in world.preview_text()
    said = world.up(check=False)
    assert REFUSED in said
    assert DATABASE in databases(world)
    # a reason opens the gate for this run, and the next one closes it
    (world.project / "Pulumi.local.yaml").write_text(before)
    reason = {"DHANMAN_WITHOUT_DRILL": "a test"}
    world.pulumi("up", "--stack", STACK, "--yes", "--skip-preview", environment=reason)
    assert '"anyway": "a test"' in world.run("cat /etc/dhanman/local/data-gate.json")
    world.up()
    assert '"anyway": ""' in world.run("cat /etc/dhanman/local/data-gate.json")
    # a real drill
    world.run(
        "systemctl start dhanman-pgbackrest-local@full && systemctl start dhanman-pgbackrest-local@drill"
    )
    without_sales(world)
    assert "will be refused" not in world.preview_text()
    world.up()
    assert DATABASE not in databases(world)


@pytest.mark.slow
def test_a_stack_that_is_destroyed_meets_the_gate_and_passes_with_a_reason(world: World) -> None:
    world.run(f"rm -f {REPORT}")
    done = world.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview", check=False)
    assert done.returncode != 0
    assert "no restore drill has succeeded within 26 h (none ever did)" in done.stdout
    assert "local-dhanman-common" in databases(world)
    reason = {"DHANMAN_WITHOUT_DRILL": "it goes for good"}
    world.pulumi("up", "--stack", STACK, "--yes", "--skip-preview", environment=reason)
    world.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview")
    assert world.run("ls -d /var/lib/postgresql/18/main; true") == ""
