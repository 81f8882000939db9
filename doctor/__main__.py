"""``python -m doctor STACK``: 0 if nothing is broken (warnings are fine), 1 if something is, 2 for wrong words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from doctor.examination import examine
from doctor.findings import failed
from doctor.pulumi_cli import Cli
from doctor.report import render
from toolchain.paths import Clone

_USAGE = "usage: python -m doctor STACK (make doctor STACK=qa)"


def main(arguments: Sequence[str], cli: Cli | None = None) -> int:
    """Examine a stack and print what was found. ``cli``: another Pulumi CLI or project than this checkout's."""
    clone = Clone()
    cli = cli or Cli(program=clone.launcher, project=clone.root, environment=os.environ)
    known = sorted(path.name.split(".")[1] for path in cli.project.glob("Pulumi.*.yaml"))
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(_USAGE, file=sys.stderr)
        return 2
    if arguments[0] not in known:
        print(
            f"make doctor: there is no Pulumi.{arguments[0]}.yaml; STACK is one of {', '.join(known)}",
            file=sys.stderr,
        )
        return 2
    groups = examine(cli, arguments[0])
    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ
    print(render(groups, colours=terminal))
    return 1 if failed(groups) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
