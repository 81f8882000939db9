"""Artifacts behind a URL: whatever their server does, what serves goes on, and the next good one is deployed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.artifacts import pack
from testbed.network import machine_address
from testbed.paths import Clone
from tests.acceptance.artifact_server import ArtifactServer, artifact_server
from tests.acceptance.releasing import (
    URL,
    converged,
    deploy,
    release,
    running_slots,
    serving,
    under_load,
    versions,
)
from tests.acceptance.world import World

pytestmark = pytest.mark.host

RELEASES = "/opt/dhanman/local/sales/releases"
AUTHORITY = "/usr/local/share/ca-certificates/artifacts-of-the-test.crt"


@pytest.fixture(scope="module")
def world(fastest_world: World) -> World:
    """An environment that will fetch from a server on this machine."""
    return fastest_world


@pytest.fixture(scope="module")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArtifactServer]:
    """On this machine's side of the bridge; the host trusts its CA as it trusts all others."""
    with artifact_server(tmp_path_factory.mktemp("artifacts"), machine_address(Clone.current())) as running:
        trust(world, running)
        yield running


def trust(world: World, server: ArtifactServer) -> None:
    world.host.run(f"cat > {AUTHORITY} && update-ca-certificates", input=server.authority.read_text())


def published(world: World, server: ArtifactServer) -> tuple[dict[str, Any], str]:
    """Settings of a new version that is behind a URL, and the path there."""
    settings = release(world)
    packed = pack(world.project / settings["artifact"]["path"], world.project / ".local/packed")
    path = f"sales-{settings['version']}.tar.gz"
    server.archives[path] = packed.path.read_bytes()
    settings["artifact"] = {"path": None, "url": server.url(path), "sha256": packed.sha256}
    return settings, path


def another_sha256(settings: dict[str, Any], _server: ArtifactServer, _path: str) -> None:
    settings["artifact"]["sha256"] = "0" * 64


def not_found(_settings: dict[str, Any], server: ArtifactServer, path: str) -> None:
    del server.archives[path]


def truncated(_settings: dict[str, Any], server: ArtifactServer, path: str) -> None:
    server.truncated.add(path)


def stalled(_settings: dict[str, Any], server: ArtifactServer, path: str) -> None:
    server.stalled.add(path)


def no_archive(settings: dict[str, Any], server: ArtifactServer, path: str) -> None:
    server.archives[path] = b"<html>please log in</html>\n"
    settings["artifact"]["sha256"] = hashlib.sha256(server.archives[path]).hexdigest()


def unreachable(settings: dict[str, Any], server: ArtifactServer, path: str) -> None:
    settings["artifact"]["url"] = server.url(path).rpartition(":")[0] + f":1/{path}"


BROKEN: dict[str, tuple[Callable[[dict[str, Any], ArtifactServer, str], None], str]] = {
    "another sha256": (another_sha256, f": sha256 is .*, not {'0' * 64}"),
    "404": (not_found, ": the server answers 404 Not Found"),
    "a truncated body": (truncated, ": broken off after [0-9]+ of [0-9]+ bytes"),
    "a server that stalls": (stalled, ": the server sent nothing for 30 s"),
    "no archive": (no_archive, ": not a usable tar.gz: not a gzip file"),
    "no server": (unreachable, r": \[Errno 111\] Connection refused"),
}


def state(world: World) -> str:
    """What runs, since when, and what lies below the releases."""
    return world.run(
        f"systemctl show -p InvocationID -p ActiveState '{world.slot('sales')}'; ls -A {RELEASES};"
        " find /opt/dhanman/local/sales -maxdepth 2 -type l -printf '%p %l\\n' | sort"
    )


IN_EVERY_RUN = ("another sha256",)
"""Of the others the unit tests of a download tell; on a host they are tried with `make slow-test`."""


@pytest.mark.parametrize(
    "why", [pytest.param(why, marks=[] if why in IN_EVERY_RUN else pytest.mark.slow) for why in BROKEN]
)
def test_an_artifact_that_cannot_be_had_stops_nothing_says_why_and_the_next_good_one_serves(
    world: World, server: ArtifactServer, vegeta: Path, why: str
) -> None:
    spoil, reason = BROKEN[why]
    old, _ = published(world, server)
    deploy(world, old)
    before = state(world)
    with under_load(world, vegeta) as requests:
        bad, path = published(world, server)
        spoil(bad, server, path)
        said = deploy(world, bad, check=False)
        (line,) = {line.strip() for line in said.splitlines() if line.strip().startswith("error: https://")}
        assert re.fullmatch(f"error: {re.escape(bad['artifact']['url'])}{reason}", line), line
        assert "now: the previous state was put back" in said
        assert "Traceback" not in said and "internal error" not in said
        assert state(world) == before
        good, path = published(world, server)
        assert f"fetching {good['artifact']['url']}" in deploy(world, good)
        assert server.asked.count(path) == 1
        assert serving(world) == good["version"]
    assert versions(requests) == {old["version"], good["version"]}
    assert len(running_slots(world)) == 1
    converged(world)


@pytest.mark.slow
def test_a_server_that_the_host_does_not_trust_is_refused(world: World, server: ArtifactServer) -> None:
    old, _ = published(world, server)
    deploy(world, old)
    world.run(f"rm {AUTHORITY} && update-ca-certificates --fresh")
    try:
        new, path = published(world, server)
        said = deploy(world, new, check=False)
        assert "CERTIFICATE_VERIFY_FAILED" in said
        assert path not in server.asked
        assert serving(world) == old["version"]
    finally:
        trust(world, server)
    deploy(world, new)
    assert serving(world) == new["version"]
    converged(world)


@pytest.mark.slow
def test_going_back_fetches_nothing_and_fewer_kept_releases_go_with_the_next_up(
    world: World, server: ArtifactServer
) -> None:
    made = [published(world, server) for _ in range(4)]
    for settings, _ in made:
        deploy(world, settings)
    asked = len(server.asked)
    deploy(world, made[1][0])
    assert serving(world) == made[1][0]["version"]
    deploy(world, made[3][0])
    assert len(server.asked) == asked
    last = made[3][0]
    names = f"ls -d {RELEASES}/*/ | xargs -n1 basename"
    assert len(world.run(names).split()) == 3
    said = deploy(world, last | {"keepReleases": 1})
    assert "release:/opt/dhanman/local/sales: more versions than are kept" in said
    # the slot that does not serve keeps its own, which is the way back
    assert sorted(world.run(names).split()) == sorted(s["version"] for s, _ in (made[1], made[3]))
    assert world.ask(f"{URL}/health/ready").status == 200
    assert "unchanged" in world.up("--expect-no-changes")
    converged(world)
