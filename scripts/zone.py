"""`make zone STACK=name`: the records of a stack's names, as lines of a zone file to paste."""

from __future__ import annotations

import os
import sys

from components import specs
from components.settings import SettingsError
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from toolchain.paths import Clone


def main() -> int:
    """Print the lines for the stack that the command line names."""
    clone = Clone()
    return show(Cli(program=clone.launcher, project=clone.root, environment=os.environ), sys.argv[1])


def show(cli: Cli, stack: str) -> int:
    """Print the lines; 1 if the settings can't be read, have no names, or a name's record is not known yet."""
    try:
        settings, problems = read_settings(cli, stack)
    except (PulumiError, SettingsError) as error:
        problems = error.problems if isinstance(error, SettingsError) else []
        return _refuse([str(problem) for problem in problems] or [str(error)])
    if settings.dns is None:
        return _refuse([f"{settings.file}: dns: is missing: which zone are the names in?"])
    missing = [
        str(problem)
        for problem in settings.missing()
        if problem.path[:1] == ("dns",) and problem.path[1] == "mail"
    ]
    if problems or missing:
        return _refuse([*map(str, problems), *missing])
    print(specs.dns_zone_file(settings, settings.dns), end="")
    return 0


def _refuse(lines: list[str]) -> int:
    for line in lines:
        print(f"make zone: {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
