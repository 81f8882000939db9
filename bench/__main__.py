"""`make bench`: measures this project and its baselines on equal fresh hosts; `python -m bench --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import hosts, looking, releases, restores
from bench.cases import Case
from bench.errors import BenchError
from bench.figures import Part
from bench.fleet import Fleet
from bench.options import list_of
from bench.report import Results
from bench.runner import Plan, Runner
from bench.tools import baselines
from bench.tools.ansible import Ansible
from bench.tools.base import Artifacts, Tool
from bench.tools.ours import Ours
from bench.tools.pyinfra import Pyinfra
from bench.tools.shell import Shell
from components.artifacts import pack
from scripts.steps import StepFailedError, Steps
from scripts.tools import provide
from testbed import TestbedError
from toolchain.paths import Clone

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

TOOLS_PART = "tools"
"""The comparison with other tools."""
RELEASES_PART = "releases"
"""Deploys under load, with the defaults of ``python -m bench.releases``."""
RESTORES_PART = "restores"
"""Backups and the ways back, with the defaults of ``python -m bench.restores``."""
ALONE = {RELEASES_PART: releases.main, RESTORES_PART: restores.main}
"""Parts with a host, a table and a file of results of their own."""
PARTS = (TOOLS_PART, *(part.value for part in Part), *ALONE)
TOOLS = ("ours", "ansible", "pyinfra", "shell")
SUITE = "forky"
OUR_PACKAGES = ("python3-psycopg",)
"""What this project installs beyond the baselines' packages; downloaded beforehand like theirs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurements that the arguments choose; 1 with one plain message if one can't be made."""
    options = _options(arguments)
    try:
        if set(options.only) - set(ALONE):
            _run(options)
    except (BenchError, StepFailedError, TestbedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; what was measured so far is kept", file=sys.stderr)
        return 130
    return max((run([]) for part, run in ALONE.items() if part in options.only), default=0)


def _run(options: argparse.Namespace) -> None:
    clone = Clone()
    folder = clone.local / "bench"
    steps = Steps(clone.logs)
    if options.refresh:
        hosts.forget()
    tools = _tools(options.tools, steps) if TOOLS_PART in options.only else []
    versions = {tool.name: tool.version() for tool in tools or [Ours()]}
    variables = baselines.variables()
    packages = [*variables["packages"], *variables["ansible_packages"], *OUR_PACKAGES]
    hosts.prepare(steps, packages, suite=SUITE)
    target: Path = options.json or folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    names = ("only", "tools", "cases", "rtt", "runs", "repeats", "hosts")
    results = Results(
        target=target, options={name: getattr(options, name) for name in names}, versions=versions
    )
    try:
        if tools:
            _compare(options, tools, steps, folder, results)
        if parts := [part for part in Part if part in options.only]:
            with Fleet(steps=steps, folder=folder / "work/fleet", keep=results.figure) as fleet:
                _look(options, parts, fleet, results)
    finally:
        if text := results.render():
            print(text)
            print(f"\n{target}", file=sys.stderr)


def _compare(
    options: argparse.Namespace, tools: Sequence[Tool], steps: Steps, folder: Path, results: Results
) -> None:
    clone = Clone()
    service = pack(clone.root / "samples/service", folder / "artifacts").path
    frontend = pack(clone.root / "samples/frontend", folder / "artifacts").path
    plan = Plan(cases=options.cases, round_trips=options.rtt, runs=options.runs, repeats=options.repeats)
    runner = Runner(
        steps=steps,
        folder=folder / "work",
        artifacts=Artifacts(service=service, frontend=frontend),
        keep=results.sample,
    )
    runner.run(plan, tools)


def _look(options: argparse.Namespace, parts: Sequence[Part], fleet: Fleet, results: Results) -> None:
    if Part.LOOKING in parts:
        looking.previews(fleet, options.rtt, options.runs)
    if Part.EDITS in parts:
        results.hand_edits(looking.hand_edits(fleet))
    if Part.HOSTS in parts:
        looking.by_hosts(fleet, options.hosts, max(options.rtt), options.runs)


def _tools(names: Sequence[str], steps: Steps) -> list[Tool]:
    programs = (
        provide(steps, REQUIREMENTS, "Ansible and pyinfra") if {"ansible", "pyinfra"} & set(names) else Path()
    )
    makers: dict[str, Callable[[], Tool]] = {
        "ours": Ours,
        "ansible": lambda: Ansible(programs),
        "pyinfra": lambda: Pyinfra(programs),
        "shell": Shell,
    }
    return [makers[name]() for name in TOOLS if name in names]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure this project against Ansible, pyinfra and a shell script on equal fresh hosts.",
    )
    parser.add_argument(
        "--only",
        type=list_of(PARTS),
        default=list(PARTS),
        metavar="A,B",
        help=f"{', '.join(PARTS)} (default: all)",
    )
    parser.add_argument(
        "--tools", type=list_of(TOOLS), default=list(TOOLS), metavar="A,B", help=", ".join(TOOLS)
    )
    parser.add_argument(
        "--cases", type=_cases, default=list(Case), metavar="A,B", help=", ".join(case.value for case in Case)
    )
    parser.add_argument(
        "--rtt",
        type=_numbers_of("milliseconds such as 0,180"),
        default=[0, 180],
        metavar="MS,MS",
        help="added round trips (default: 0,180)",
    )
    parser.add_argument(
        "--runs",
        type=_positive,
        default=3,
        help="fresh hosts for each tool, and how often a look is repeated on the same hosts (default: 3)",
    )
    parser.add_argument(
        "--hosts",
        type=_numbers_of("hosts such as 1,5,20", least=1),
        default=[1, 5, 20],
        metavar="N,N",
        help="numbers of hosts for the part 'hosts', at the largest round trip (default: 1,5,20)",
    )
    parser.add_argument(
        "--repeats", type=_positive, default=1, help="of the other cases on each host (default: 1)"
    )
    parser.add_argument("--json", type=Path, help="where to write (default: .local/bench/<time>.json)")
    parser.add_argument(
        "--refresh", action="store_true", help="make the frozen disk anew, with today's packages"
    )
    return parser.parse_args(arguments)


def _cases(text: str) -> list[Case]:
    return [Case(name) for name in list_of([case.value for case in Case])(text)]


def _numbers_of(what: str, *, least: int = 0) -> Callable[[str], list[int]]:
    def parse(text: str) -> list[int]:
        values = text.split(",")
        if not all(value.isdecimal() and int(value) >= least for value in values):
            raise argparse.ArgumentTypeError(f"'{text}' is no list of {what}")
        return [int(value) for value in values]

    return parse


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no positive number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
