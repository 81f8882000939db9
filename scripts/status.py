"""`make status STACK=name`: what each service runs, since when, how it is, and who deployed it last."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from components import access
from components.naming import HOSTCTL
from components.remote.session import Answer, Question, Sessions, Unreachable
from components.settings import SettingsError
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from scripts.table import columns
from toolchain.paths import Clone

HEAD = ("SERVICE", "VERSION", "SLOT", "UP", "MEMORY", "HEALTH", "LAST DEPLOYMENT")
LIMIT = 30.0
_MEBIBYTE = 2**20


def age(seconds: float) -> str:
    """A duration as people read it: ``3 d 4 h``, ``12 min``, ``9 s``."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{max(0, int(seconds))} s"


def row(service: Mapping[str, Any], now: float) -> tuple[str, ...]:
    """One line of the table. ``now``: seconds since the epoch."""
    version = str(service.get("version") or "-")
    if service.get("wanted") not in (None, service.get("version")):
        version += f" (wanted: {service['wanted']})"
    since, memory, last = service.get("since"), service.get("memory"), service.get("last")
    told = "-"
    if last:
        told = f"{last['at']} {last['who']}: {last['from'] or 'nothing'} -> {last['to']} {last['result']}"
        told += f" in {last['seconds']} s"
    return (
        service["service"],
        version,
        service.get("serving") or "-",
        age(now - since) if since else "-",
        f"{memory // _MEBIBYTE} MiB" if memory else "-",
        service["health"],
        told,
    )


def told(answers: Mapping[str, Answer | Unreachable], now: float) -> tuple[str, int]:
    """What people read, and 1 if a service is not ready or a host did not answer."""
    services: list[Mapping[str, Any]] = []
    lines = []
    for host, answer in answers.items():
        if isinstance(answer, Answer) and answer.status == 0:
            services += json.loads(answer.out)
        else:
            why = answer.reason if isinstance(answer, Unreachable) else answer.err.strip() or "no answer"
            lines.append(f"{host}: {why.splitlines()[-1]}")
    lines += [columns([HEAD, *(row(service, now) for service in services)])] if services else []
    healthy = all(service["health"] == "ready" for service in services)
    return "\n".join(lines) or "no service was deployed yet", 0 if healthy and len(lines) <= 1 else 1


def main() -> int:
    """Print the table for the stack that the command line names."""
    clone = Clone()
    return show(Cli(program=clone.launcher, project=clone.root, environment=os.environ), sys.argv[1])


def show(cli: Cli, stack: str) -> int:
    """Ask the hosts that carry services, print the table; 1 if something is not as it should be."""
    try:
        settings, problems = read_settings(cli, stack)
        logins = access.logins(settings)
    except (PulumiError, SettingsError) as error:
        print(f"make status: {error}", file=sys.stderr)
        return 1
    hosts = [h for h in settings.roles.services if h in access.known_hosts(settings)]
    if not hosts:
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"make status: how to enter the hosts of {stack} is not set yet", file=sys.stderr)
        return 1
    entered = {name: logins[name] for name in hosts}
    with Sessions(entered, {name: access.users(settings)[name] for name in hosts}) as sessions:
        question = Question(command=f"sudo -n {HOSTCTL} status", limit=LIMIT)
        text, status = told(sessions.ask(dict.fromkeys(hosts, question)), time.time())
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
