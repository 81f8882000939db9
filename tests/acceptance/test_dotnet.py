"""A real ASP.NET Core service in the unit that Dhanman's services get: hardening, JIT, socket and stop go together."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import World
from toolchain.paths import Clone

pytestmark = pytest.mark.host

RUNTIME = "/opt/dotnet-of-the-test"


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """The program and its runtime, built once and kept in the cache."""
    if not shutil.which("npm"):
        pytest.skip("building the .NET sample needs npm")
    script = Clone().root / "samples/dotnet/build.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=600
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_kestrel_runs_hardened_serves_stops_gracefully_and_its_log_rotates_without_loss(
    world: World, built: dict[str, Any]
) -> None:
    archive = Path(built["runtime"]["path"])
    unpack = f"mkdir -p {RUNTIME} && tar -xzf - -C {RUNTIME}"
    subprocess.run([*world.host.ssh_command(), unpack], stdin=archive.open("rb"), check=True, timeout=120)
    command = built["command"].replace("{runtime}", RUNTIME).replace("{artifact}", "{release}")
    variables = {name: value.replace("{runtime}", RUNTIME) for name, value in built["environment"].items()}
    service = {
        "version": "3.1.0",
        "artifact": {"path": built["artifact"]["path"]},
        "runtime": {"kind": "executable", "command": command, "environment": variables},
    }
    with world.changed({"services": {"purchase": service}}):
        assert world.preview() == ["purchase-artifact", "purchase-service"]
        world.up()
        unit = world.slot("purchase")
        answer = world.ask("https://purchase.dhanman.test/health/ready")
        assert (answer.status, answer.version) == (200, "2")
        assert "dotnet" in world.run(f"ps -o args= -p $(systemctl show {unit} -p MainPID --value)")
        assert world.exposure(unit) <= 1.5
        _a_request_in_flight_is_finished(world)
        _rotation_loses_no_line(world)
    assert json.loads(world.ask("https://purchase.dhanman.test/health").body)["version"] == "1.1.0"


def _a_request_in_flight_is_finished(world: World) -> None:
    unit = world.slot("purchase")
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(world.ask("https://purchase.dhanman.test/slow?seconds=3").status)

    request = threading.Thread(target=ask)
    request.start()
    # the request is there when the service has a connection from NGINX
    socket = f"{unit.removesuffix('.service').replace('@', '-')}/http.sock"
    busy = f"until ss -Hx state established | grep -q {socket}; do sleep 0.05; done"
    world.run(f"timeout 10 sh -c '{busy}'; systemctl stop dhanman-purchase-local.service")
    request.join()
    assert statuses == [200]
    assert world.run(f"systemctl show {unit} -p Result --value").strip() == "success"
    world.run("systemctl start dhanman-purchase-local.service")
    assert (
        world.ask("https://purchase.dhanman.test/health", "--retry", "20", "--retry-delay", "1").status == 200
    )


def _rotation_loses_no_line(world: World) -> None:
    log = "/var/log/dhanman/local/rotation-proof.log"
    unit = "rotation-proof@1.service"
    count = 20000
    writer = f"i=0; while [ $i -lt {count} ]; do echo line $i; i=$((i+1)); done"
    world.run("mkdir -p /run/rotation-proof.d")
    rules = json.dumps({"unit": "rotation-proof@*.service", "paths": [log], "keep": 9, "maxBytes": 1})
    world.run(f"echo '{rules}' > /run/rotation-proof.d/one.json")
    world.run(
        f"systemd-run --quiet --collect --unit={unit} --property=StandardOutput=append:{log} sh -c '{writer}'; "
        f"n=0; while systemctl is-active --quiet {unit} && [ $n -lt 8 ]; do "
        "/usr/local/lib/dhanman/hostctl rotate /run/rotation-proof.d >/dev/null; n=$((n+1)); done; "
        f"while systemctl is-active --quiet {unit}; do sleep 0.05; done"
    )
    lines = world.run(f"for f in $(ls -v -r {log}.*.gz); do zcat $f; done; cat {log}").splitlines()
    world.run(f"rm -rf {log} {log}.*.gz /run/rotation-proof.d")
    assert lines == [f"line {i}" for i in range(count)]
