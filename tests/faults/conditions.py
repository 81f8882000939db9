"""What must be true of a host after any fault, and waiting for what a fault needs."""

from __future__ import annotations

import json

from tests.acceptance.world import World

PSQL = "runuser -u postgres -- psql -XAt --set=ON_ERROR_STOP=1 -d local-dhanman-sales -c"
ROWS = 10


def put_proof(world: World) -> None:
    """Rows that no fault may lose."""
    world.host.exec(
        f'{PSQL} "CREATE TABLE IF NOT EXISTS proof (n int); TRUNCATE proof; '
        f'INSERT INTO proof SELECT generate_series(1, {ROWS})"'
    )


def assert_serves(world: World) -> None:
    """Services and front end answer, from outside and with their database."""
    for name in ("sales", "common"):
        answer = world.ask(f"https://{name}.dhanman.test/health/ready", "--retry", "20", "--retry-delay", "1")
        assert answer.status == 200, answer.body
    assert world.ask("https://app.dhanman.test/").status == 200


def assert_nothing_half_done(world: World, *, reverted: str = "") -> None:
    """No transaction is open, no staged file lies about, and nothing differs from what was applied.

    ``reverted``: the unit of which the host knows that it took a change back.
    """
    assert world.host.exec("ls /var/lib/dhanman/journals").stdout == ""
    left = "find /etc /opt /usr/local /var/www /var/lib/dhanman -name '.*dhanman-new' -o -name '.*.new*'"
    assert world.host.exec(left).stdout == ""
    observed = json.loads(world.host.exec("/usr/local/lib/dhanman/hostctl observe").stdout)["units"]
    differing = {unit: seen["differences"] for unit, seen in observed.items() if seen["differences"]}
    assert list(differing) == ([reverted] if reverted else []), differing
    assert len(observed) >= 20


def assert_nothing_lost(world: World) -> None:
    """The rows are there."""
    assert world.host.exec(f"{PSQL} 'SELECT count(*) FROM proof'").stdout.strip() == str(ROWS)


def assert_converges(world: World) -> str:
    """The next run brings everything to what the settings say, and one more has nothing to do; what the first said."""
    said = world.up()
    assert "unchanged" in world.up("--expect-no-changes")
    assert_nothing_half_done(world)
    assert_nothing_lost(world)
    assert_serves(world)
    return said


def assert_tells(said: str, *words: str) -> None:
    """Each of the words is in the output, and no traceback."""
    missing = [word for word in words if word not in said]
    assert not missing, f"{missing} not in:\n{said}"
    assert "Traceback" not in said, said
