"""What is kept for how long, with a clock that is set back for pgBackRest and a cluster of its own.

The bucket's own rules are not in it: a shifted clock breaks the signatures of S3's requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

PROGRAM = Path(__file__).with_name("retention_on_host.sh")
FOLDER = "/srv/retention"
RETENTION = 30
"""Days, as in the stack's settings."""


@pytest.fixture
def do(world: World) -> Iterator[Callable[..., list[str]]]:
    """Runs the program on the host; the lines that it printed."""
    world.run("DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends faketime")
    world.run(f"install -d -o postgres -g postgres {FOLDER}")
    world.host.run(["tee", f"{FOLDER}/program"], input=PROGRAM.read_text())

    def call(*words: object) -> list[str]:
        verb = " ".join(map(str, words))
        return world.run(f"cd / && runuser -u postgres -- bash {FOLDER}/program {verb}").splitlines()

    yield call
    call("stop")
    world.run(f"rm -rf {FOLDER} && apt-get purge -y -q faketime libfaketime")


def test_day_31_is_gone_and_day_29_can_be_had_back_and_the_last_backup_never_expires(
    do: Callable[..., list[str]],
) -> None:
    do("start", 63)
    for day in (62, 45, 31, 29, 2):
        do("backup", day)
    do("expire", 0)

    kept = [_age(label) for label in do("labels")]
    assert kept == [31, 29, 2], "the newest one from before the 30 days is what their first hours come from"
    assert do("restore", 29) == ["62|2", "45|2", "31|2", "29|2"]

    do("expire", -RETENTION)
    assert [_age(label) for label in do("labels")] == [2]
    do("expire", -1000)
    assert [_age(label) for label in do("labels")] == [2]


def _age(label: str) -> int:
    """Days since a backup was begun, by its name."""
    begun = datetime.strptime(label, "%Y%m%d-%H%M%SF").replace(tzinfo=UTC)
    return round((datetime.now(UTC) - begun) / timedelta(days=1))
