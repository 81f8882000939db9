"""`make bench-releases`: what clients notice of deploys under a constant load; `python -m bench.releases --help`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import testbed
from bench import report
from bench.errors import BenchError
from bench.load import Load, Target, build, digest, program
from bench.options import list_of
from bench.project import Project
from bench.releases_control import Control
from bench.releases_table import Deploy, Summary, render, summary
from bench.tools.base import Artifacts, Workplace
from scripts.steps import StepFailedError, Steps
from testbed import TestbedError
from toolchain.paths import Clone, cache

HOST = "bench-releases"
NAME = "sales.dhanman.test"
GATEWAY = {"rateLimit": {"perSecond": 100_000, "burst": 100_000}}
RUNTIME = {"kind": "executable", "command": "{release}/echo --urls {urls}"}
FORMS: dict[str, dict[str, Any]] = {"socket": {}, "ports": {"slotPorts": {"blue": 6006, "green": 7006}}}
"""Settings of the service in which its slots listen on Unix sockets, and in which they listen on ports."""
BEHIND = (
    *("setsid", "--wait", "sh", "-c"),
    *('echo 10 2>/dev/null >/proc/self/autogroup; exec nice -n 10 "$@"', "behind"),
)
"""Pulumi gets what the host leaves: in use it has a machine of its own, and takes no time from what serves. Where the
kernel groups tasks by session (sched(7), autogroup), nice counts within a session alone, so the session gets one."""
CALM_RATE = 20
"""Requests per second that tell when a new version serves, and cost nothing."""
CALM, IDLE, CONTROL = "calm", "idle", "control"
WAYS = (CALM, IDLE, *FORMS, CONTROL)
"""In the order in which they are measured: the control takes the service away from this project."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """``rate``: requests per second. ``seconds``: the least that each load lasts. ``deploys``: of each way.

    ``ways``: those of ``WAYS`` that are measured.
    """

    rate: int
    seconds: float
    deploys: int
    rollbacks: int
    ways: Sequence[str] = WAYS

    @property
    def forms(self) -> list[str]:
        """The forms of the service that are measured."""
        return [form for form in FORMS if form in self.ways]


class Bench:
    """A converged environment whose service sales is the echo service, and what is done to it."""

    def __init__(self, steps: Steps, folder: Path, host: testbed.Host) -> None:
        self._steps, self._folder, self._host = steps, folder, host
        nothing = Artifacts(service=folder, frontend=folder)
        self._place = Workplace(folder=folder, host=host, artifacts=nothing)
        self._vegeta = program(steps)
        self._project = Project(self._place.folder)
        self._project.make()
        self._form = "socket"

    def measure(self, plan: Plan) -> tuple[list[Summary], float | None]:
        """Every way of the plan; and how long the service takes to start (seconds), which the control tells."""
        forms = plan.forms or ["socket"]
        self._prepare(forms[0], plan)
        found = [self._calm(plan)] if CALM in plan.ways else []
        found += [self._idle(plan)] if IDLE in plan.ways else []
        for form in plan.forms:
            if form != forms[0]:
                self._prepare(form, plan)
            found.append(self._ours(form, plan))
        if CONTROL not in plan.ways:
            return found, None
        control, own_start = self._control(plan)
        return [*found, control], own_start

    def _versions(self, form: str, plan: Plan) -> list[str]:
        return [f"{3 + list(FORMS).index(form)}.{number}.0" for number in range(plan.deploys + 1)]

    def _prepare(self, form: str, plan: Plan) -> None:
        self._form = form
        for version in self._versions(form, plan):
            self._release(version)
        with self._steps.step(f"an environment whose service listens on {_words(form)}"):
            self._up(self._versions(form, plan)[0])

    def _ours(self, form: str, plan: Plan) -> Summary:
        """This project's deploys, rollbacks and one release that is refused."""
        versions = self._versions(form, plan)
        wanted = [*versions[1:], *reversed(versions[-1 - plan.rollbacks : -1])]
        title = f"{len(wanted)} deploys and rollbacks on {_words(form)}, and one that is refused"
        with self._steps.step(title):
            load, start = self._load(form, plan.rate), time.monotonic()
            try:
                deploys = [self._deploy(version) for version in wanted]
                self._refused()
                _lasts(start, plan.seconds)
            finally:
                requests = load.stop()
        return summary(f"pulumi up, {_words(form)}", plan.rate, requests, deploys, refused=1)

    def _control(self, plan: Plan) -> tuple[Summary, float]:
        """The same service deployed by stop, delete, copy and start; and how long it takes to start (seconds)."""
        control = Control(self._host, "/opt/dhanman/local/sales/current", "/run/dhanman/local/sales.sock")
        versions = [f"3.{number}.0" for number in range(plan.deploys + 1)]
        control.install(versions)
        with self._steps.step(f"{plan.deploys} deploys by stop, delete, copy and start"):
            load, start = self._load("control", plan.rate), time.monotonic()
            try:
                deploys, starts = [], []
                for number, version in enumerate(versions[1:], start=1):
                    _lasts(start, plan.seconds * number / (plan.deploys + 1))
                    deploys.append(Deploy(version=version, begun=time.time()))
                    starts.append(control.deploy(version))
                _lasts(start, plan.seconds)
            finally:
                requests = load.stop()
        own = sorted(starts)[len(starts) // 2]
        return summary("stop, delete, copy, start", plan.rate, requests, deploys, refused=0), own

    def _calm(self, plan: Plan) -> Summary:
        """Deploys while next to nothing is asked: what a deploy takes by itself."""
        wanted = [f"2.{number}.0" for number in range(plan.deploys)]
        for version in wanted:
            self._release(version)
        with self._steps.step(f"{len(wanted)} deploys without a load"):
            load = self._load(CALM, CALM_RATE)
            try:
                deploys = [self._deploy(version) for version in wanted]
            finally:
                requests = load.stop()
        return summary("pulumi up, no load", CALM_RATE, requests, deploys, refused=0)

    def _idle(self, plan: Plan) -> Summary:
        """The same load with nothing done to it: what this machine can do at all."""
        with self._steps.step("nothing deployed"):
            load, start = self._load("idle", plan.rate), time.monotonic()
            try:
                _lasts(start, plan.seconds / 3)
            finally:
                requests = load.stop()
        return summary("nothing deployed", plan.rate, requests, [], refused=0)

    def _load(self, name: str, rate: int) -> Load:
        certificate = self._folder / "ca.crt"
        if not certificate.exists():
            certificate.write_text(self._host.run("cat /etc/dhanman/certificates/ca.crt").stdout)
        target = Target(url=f"https://{NAME}/echo", address=self._host.address, certificate=certificate)
        return Load(self._vegeta, target, self._folder / f"load-{name}", rate=rate)

    def _release(self, version: str) -> None:
        folder = self._place.folder / f"project/samples/echo-{version}"
        folder.mkdir()
        (folder / "echo").hardlink_to(self._program())
        (folder / "VERSION").write_text(f"{version}\n")
        (folder / "appsettings.Local.json").write_text("{}\n")

    def _program(self) -> Path:
        """The echo service on the disk of the versions: they share it, as writing all slows what is measured."""
        program = self._place.folder / "echo"
        if not program.exists():
            shutil.copy(echo(self._steps), program)
        return program

    def _deploy(self, version: str) -> Deploy:
        begun = time.time()
        self._up(version)
        return Deploy(version=version, begun=begun)

    def _refused(self) -> None:
        current = (
            self._host.run("readlink /opt/dhanman/local/sales/current").stdout.strip().rpartition("/")[2]
        )
        if self._pulumi(current, {"environment": {"ECHO_EXIT": "1"}}).returncode == 0:
            raise BenchError("a release that ends at once was not refused")

    def _up(self, version: str) -> None:
        done = self._pulumi(version, {})
        if done.returncode:
            raise BenchError(f"pulumi up of {version}: {done.stdout}")

    def _pulumi(self, version: str, runtime: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        sales: dict[str, Any] = {
            "version": version,
            "artifact": {"path": f"samples/echo-{version}"},
            "readyTimeout": 20,
        }
        sales |= FORMS[self._form] | {"runtime": RUNTIME | runtime}
        settings = {"gateway": GATEWAY, "services": {"sales": sales}}
        self._project.configure(self._place.host, settings)
        return self._project.up().run(*BEHIND, timeout=600)


def echo(steps: Steps) -> Path:
    """The echo service, built at the first call (needs Go) and whenever its source is newer."""
    module = Clone().root / "samples/echo"
    target = cache() / "bench" / f"echo-{digest(module)}"
    build(steps, "Building the echo service", module, ".", target)
    return target


def _words(form: str) -> str:
    return {"socket": "sockets"}.get(form, form)


def _lasts(start: float, seconds: float) -> None:
    time.sleep(max(0.0, start + seconds - time.monotonic()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 with one plain message if that can't be done."""
    options = _options(arguments)
    clone = Clone()
    folder = clone.local / "bench" / f"releases-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    steps = Steps(clone.logs)
    plan = Plan(
        rate=options.rate, seconds=options.seconds, deploys=options.deploys, rollbacks=2, ways=options.ways
    )
    try:
        with testbed.up(HOST, suite="forky") as host:
            loads, own_start = Bench(steps, folder, host).measure(plan)
    except (BenchError, StepFailedError, TestbedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; a load that was broken off says nothing", file=sys.stderr)
        return 130
    print(render(loads, own_start))
    found = {"ownStart": own_start, "loads": [asdict(one) for one in loads]}
    report.write(folder / "result.json", report.circumstances(vars(options)) | found)
    print(f"\n{folder / 'result.json'}", file=sys.stderr)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.releases", description="Count the requests that deploys under load fail."
    )
    parser.add_argument("--rate", type=int, default=1000, help="requests per second (default: 1000)")
    parser.add_argument("--seconds", type=float, default=60, help="least time of a load (default: 60)")
    parser.add_argument("--deploys", type=int, default=10, help="of each way (default: 10)")
    parser.add_argument(
        "--ways",
        type=list_of(WAYS),
        default=list(WAYS),
        metavar="A,B",
        help=f"{', '.join(WAYS)} (default: all)",
    )
    options = parser.parse_args(arguments)
    if options.rate < 1 or options.seconds < 1 or options.deploys < 3:
        parser.error("at least 1 request per second, 1 second and 3 deploys")
    return options


if __name__ == "__main__":
    sys.exit(main())
