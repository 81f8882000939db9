"""A release that can't live."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, assert_nothing_half_done, assert_serves, assert_tells
from toolchain.paths import Clone

pytestmark = pytest.mark.host


@pytest.mark.slow
def test_a_release_that_is_killed_at_each_start_is_refused_and_the_old_one_serves(
    world: World, tmp_path: Path
) -> None:
    artifact = tmp_path / "release"
    shutil.copytree(Clone().root / "samples/service", artifact)
    program = artifact / "dhanman-sample"
    program.write_text(
        "#!/usr/bin/python3\nimport os\nimport signal\n\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    service = {"version": "1.0.61", "artifact": {"path": str(artifact)}, "readyTimeout": 5}
    serving = world.slot("sales")
    idle = serving.replace("blue", "green") if "blue" in serving else serving.replace("green", "blue")
    world.configure({"services": {"sales": service}})
    said = world.up(check=False)
    assert_tells(
        said,
        "sales-service",
        f"{idle} has ended after",
        f"{idle}: Main process exited, code=killed, status=9/KILL",
        "next: correct the cause",
        "now: the previous state was put back",
    )
    assert_nothing_half_done(world)
    assert_serves(world)
    assert world.slot("sales") == serving
    assert "1.0.61" not in world.host.exec("ls /opt/dhanman/local/sales/releases").stdout
    world.configure({})
    assert_converges(world)
