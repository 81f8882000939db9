"""`make drill STACK=name`: restores the newest backup beside the cluster and compares; 1 unless all is well."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import Any

from components import access, specs
from components.remote.session import Answer, Question, Sessions, Unreachable
from components.settings import SettingsError
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from toolchain.paths import Clone

LIMIT = 12 * 3600.0
_MEBIBYTE = 2**20


def command(unit: str, report: str) -> str:
    """What the host runs: the drill to its end, and what it wrote. A report of an earlier run is not shown."""
    script = f'now=$(mktemp); systemctl start {unit}; [ {report} -nt "$now" ] && cat {report}; rm -f "$now"'
    return f"sudo -n sh -c {shlex.quote(script)}"


def told(answer: Answer | Unreachable) -> tuple[str, int]:
    """What people read, and 1 unless the drill succeeded."""
    if isinstance(answer, Unreachable):
        return answer.reason, 1
    try:
        report: dict[str, Any] = json.loads(answer.out)
    except ValueError:
        return f"no drill was run: {answer.err.strip() or 'the host says nothing'}", 1
    lines = [f"problem: {problem}" for problem in report["problems"]]
    if "rto_seconds" in report:
        rows = sum(database["rows"] for database in report["databases"].values())
        size = report["size_bytes"] / _MEBIBYTE
        lines += [
            f"restored {report['backup']} ({size:.0f} MiB) from {report['repository']} to {report['target']}",
            f"{len(report['databases'])} databases with {rows} rows compared, pages and indexes checked",
            f"RPO {report['rpo_seconds']} s (until that moment was safe), RTO {report['rto_seconds']} s",
        ]
    if report["result"] != "ok":
        lines.append("next: docs/operations.md, The restore drill")
    return "\n".join(lines), 0 if report["result"] == "ok" else 1


def main() -> int:
    """Run the drill on the host of the databases, print what it found."""
    clone = Clone()
    cli = Cli(program=clone.launcher, project=clone.root, environment=os.environ)
    try:
        settings, problems = read_settings(cli, sys.argv[1])
        logins = access.logins(settings)
    except (PulumiError, SettingsError) as error:
        print(f"make drill: {error}", file=sys.stderr)
        return 1
    name, spec = settings.host_of("postgres")[0], specs.physical_backup(settings)
    if spec is None:
        print("make drill: backup/physical/enabled is false: there is nothing to restore", file=sys.stderr)
        return 1
    if name not in access.known_hosts(settings):
        print(*problems, sep="\n", file=sys.stderr)
        print(f"make drill: how to enter the host {name} is not set yet", file=sys.stderr)
        return 1
    question = Question(command=command(spec.drill_unit, spec.drill_report), limit=LIMIT)
    print(f"restoring the newest backup of {sys.argv[1]} on {name} beside what serves ...", file=sys.stderr)
    with Sessions({name: logins[name]}, {name: access.users(settings)[name]}) as sessions:
        text, status = told(sessions.ask({name: question})[name])
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
