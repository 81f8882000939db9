"""A browser with the page of a former release still loads what that page names."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import World

pytestmark = pytest.mark.host

APP = "https://app.dhanman.test"
RELEASES = "/opt/dhanman/local/frontend/releases"


def _release(world: World, number: int, *, keep: int = 2) -> str:
    """Deploy a build with a script of its own; the script's path as the page names it."""
    build = world.project / f"build-{number}"
    shutil.copytree(world.project / "samples/frontend", build)
    page = build / "index.html"
    (former,) = set(re.findall(r"/assets/app\.\w+\.js", page.read_text()))
    script = f"/assets/app.0000000{number}.js"
    (build / former.removeprefix("/")).rename(build / script.removeprefix("/"))
    (build / script.removeprefix("/")).write_text(f"// release {number}\n")
    page.write_text(page.read_text().replace(former, script))
    frontend = {"version": f"2.0.{number}", "artifact": {"path": build.name}, "keepReleases": keep}
    world.configure({"frontend": frontend})
    world.up()
    assert script in world.ask(f"{APP}/").body
    return script


def test_assets_of_former_releases_stay_as_long_as_these_and_then_are_gone(
    converged_world: ConvergedWorld,
) -> None:
    world = converged_world("kept-assets")
    first, second = _release(world, 1), _release(world, 2)

    now, former = world.ask(APP + second), world.ask(APP + first)
    assert (now.status, now.body.strip()) == (200, "// release 2")
    assert (former.status, former.body.strip()) == (200, "// release 1")
    own = ("date", "etag", "last-modified")
    assert {k: v for k, v in now.headers.items() if k not in own} == {
        k: v for k, v in former.headers.items() if k not in own
    }
    assert "immutable" in former.headers["cache-control"]
    missing = world.ask(f"{APP}/assets/app.99999999.js")
    assert (missing.status, "<title>404" in missing.body, "cache-control" in missing.headers) == (
        404,
        True,
        False,
    )
    assert world.ask(f"{APP}/kept{first}").status == 404, "the pool has no address of its own"

    _release(world, 3)
    assert world.run(f"ls -d {RELEASES}/*/ | xargs -n1 basename").split() == ["2.0.2", "2.0.3"]
    assert [world.ask(APP + script).status for script in (first, second)] == [404, 200]

    world.run("rm -r /opt/dhanman/local/frontend/kept")
    assert any("kept assets are missing" in text for text in world.drift())
    world.up()
    assert world.ask(APP + second).status == 200
    assert "unchanged" in world.up("--expect-no-changes")
