"""A server that somebody set up before: nothing of it is overwritten unasked, and it gets back what was replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

BY_HAND = "# somebody's own rules\n"
FIREWALL = "/etc/dhanman/firewall.nft"
SSHD = "/etc/ssh/sshd_config.d/00-dhanman.conf"
PSQL = "runuser -u postgres -- psql -XAt --set=ON_ERROR_STOP=1"


@pytest.mark.slow
def test_what_others_made_stops_the_run_is_adopted_on_request_and_comes_back(
    new_world: Callable[[str], World],
) -> None:
    world = new_world("existing")
    for path in (FIREWALL, SSHD):
        world.run(f"mkdir -p $(dirname {path}) && cat > {path} <<'X'\n{BY_HAND}X\n")

    said = world.up(check=False)
    assert f"file:{FIREWALL} (content)" in said
    assert f"file:{SSHD} (content)" in said
    assert "adopt: true" in said
    assert "now: nothing was changed" in said
    assert [world.run(f"cat {path}") for path in (FIREWALL, SSHD)] == [BY_HAND, BY_HAND]

    keeping = {"deleteData": False}
    world.configure({"hosts": {"local": {"adopt": True}}, **keeping})
    world.up()
    assert "policy drop" in world.run(f"cat {FIREWALL}")
    insert = "CREATE TABLE proof (n int); INSERT INTO proof SELECT generate_series(1, 10)"
    world.run(f'{PSQL} -d local-dhanman-sales -c "{insert}"')

    said = world.pulumi("destroy", "--stack", STACK, "--yes").stdout
    assert "data stays" in said
    assert "postgres_database:local-dhanman-sales" in said
    assert [world.run(f"cat {path}") for path in (FIREWALL, SSHD)] == [BY_HAND, BY_HAND]
    assert world.run("ls /var/lib/postgresql/18/main/PG_VERSION").strip()

    world.up()
    assert world.run(f"{PSQL} -d local-dhanman-sales -c 'SELECT count(*) FROM proof'").strip() == "10"
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200
