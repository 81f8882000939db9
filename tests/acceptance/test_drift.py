"""What people changed on a host by hand: all of it is found, none of it is invented, one run puts it right."""

from __future__ import annotations

import pytest

from bench.hand_edits import EDITS
from tests.acceptance.world import World

pytestmark = pytest.mark.host


def test_every_hand_edit_is_found_none_is_invented_and_one_run_puts_all_right(world: World) -> None:
    assert world.drift() == []
    kinds = {edit.difference.partition(":")[0] for edit in EDITS}
    assert len(EDITS) >= 40
    assert len(kinds) >= 10

    # a host that is edited while it is asked would tell half of it
    world.run("set -e\n" + "\n".join(edit.command for edit in EDITS))

    found = world.drift()
    missed = [edit.difference for edit in EDITS if not any(f.startswith(edit.difference) for f in found)]
    invented = [f for f in found if not any(f.startswith(edit.difference) for edit in EDITS)]
    assert (missed, invented) == ([], [])
    assert len(found) == len(EDITS)

    changing = world.preview()
    said = world.up()
    assert world.drift() == [], said
    assert world.preview() == []
    assert "unchanged" in world.up("--expect-no-changes")
    assert {"gateway-nginx", "local-base", "sales-service", "postgres-server"} <= set(changing)
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
    kept = world.run("cat /var/lib/dhanman/set-aside/etc/nginx/conf.d/quick-fix.conf")
    assert kept == "server_tokens on;\n", "nothing that somebody wrote is lost"


@pytest.mark.slow
def test_the_same_edit_made_twice_is_found_twice(world: World) -> None:
    for _ in range(2):
        world.run("sysctl -qw vm.swappiness=61")
        assert world.preview() == ["local-base"]
        world.up()
        assert world.preview() == []


def test_a_host_that_can_not_be_asked_costs_a_warning_and_never_a_plan(world: World) -> None:
    world.host.cut()
    try:
        done = world.pulumi("preview", "--stack", "local", "--expect-no-changes")
        found = world.drift()
    finally:
        world.host.mend()
    assert "was not observed, and the plan shows what the last run left there" in done.stdout
    assert len(found) == 1
    assert "no answer" in found[0]


def test_an_observation_costs_one_connection(world: World) -> None:
    before = world.connections()
    world.preview()
    assert world.connections() == before + 1


def test_a_host_that_lost_its_program_and_its_memory_is_set_up_again(world: World) -> None:
    world.run("mv /var/lib/dhanman /root/memory && mv /usr/local/lib/dhanman /root/program")
    try:
        changing = world.preview()
        assert {"local-bootstrap-hostctl", "local-base", "postgres-roles", "sales-service"} <= set(changing)
        assert world.run("ls -d /var/lib/dhanman 2>/dev/null || true") == "", "a look leaves nothing behind"
    finally:
        world.run(
            "rm -rf /var/lib/dhanman /usr/local/lib/dhanman && "
            "mv /root/memory /var/lib/dhanman && mv /root/program /usr/local/lib/dhanman"
        )
    assert world.preview() == []
