"""Sets up a clone: `python3 -m toolchain setup`. Nothing to do takes a fraction of a second."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from pathlib import Path

from scripts.steps import StepFailedError, Steps
from toolchain import cli, golang, plugins, stacks, virtualenv
from toolchain.locks import alone
from toolchain.paths import Clone

_HERE = Path(__file__).resolve().parent
_USAGE = "usage: python3 -m toolchain setup"


def setup(clone: Clone) -> None:
    """Bring everything that the project's chores need into the clone, unless it is there already."""
    wanted = digest(clone)
    if _done(clone, wanted):
        return
    virtualenv.check_python()
    steps = Steps(clone.logs)
    clone.local.mkdir(mode=0o700, exist_ok=True)
    with alone(clone.local / "setup.lock", steps, "Waiting for another `make` that sets up this clone"):
        # whoever was waited for has done it
        if not _done(clone, wanted):
            _bring(clone, steps, wanted)


def _bring(clone: Clone, steps: Steps, wanted: str) -> None:
    clone.stamp.unlink(missing_ok=True)
    virtualenv.create(steps, clone)
    virtualenv.install(steps, clone)
    found = cli.obtain(steps, clone)
    plugin_origin = plugins.install(steps, clone, found)
    write_launcher(clone, found.program, stand_ins=plugin_origin == "stand-in")
    stacks.prepare(steps, clone, found.program)
    clone.stamp.write_text(f"{wanted}\n{found.program}\n", encoding="utf-8")
    steps.note(
        f"ready: `. .venv/bin/activate` gives you `pulumi` (CLI: {found.origin}, plugins: {plugin_origin})"
    )


def digest(clone: Clone) -> str:
    """Digest of everything that a set-up is made from: a change of it sets up again."""
    inputs = [clone.root / name for name in virtualenv.REQUIREMENTS]
    inputs += [_HERE / "launcher.sh", _HERE / "versions.py", _HERE / "plugins.py"]
    text = [str(clone.root), sys.version, cli.choice(), golang.key()]
    total = hashlib.sha256("\n".join(text).encode())
    for file in inputs:
        total.update(file.read_bytes())
    return total.hexdigest()


def write_launcher(clone: Clone, program: Path, *, stand_ins: bool) -> None:
    """Write `.venv/bin/pulumi`; `stand_ins` stops the CLI from looking for plugins on the network."""
    text = (_HERE / "launcher.sh").read_text(encoding="utf-8")
    acquisition = "export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true" if stand_ins else ""
    for mark, value in (
        ("@ROOT@", shlex.quote(str(clone.root))),
        ("@CLI@", shlex.quote(str(program))),
        ("@BACKEND@", shlex.quote(clone.backend_url)),
        ("@ACQUISITION@", acquisition),
    ):
        text = text.replace(mark, value)
    new = clone.launcher.with_name("pulumi.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o755)
    new.replace(clone.launcher)


def _done(clone: Clone, wanted: str) -> bool:
    try:
        stamped, program = clone.stamp.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    there = os.access(program, os.X_OK) and clone.python.exists() and clone.launcher.exists()
    return stamped == wanted and there and plugins.complete(clone) and stacks.complete(clone)


def main() -> int:
    """Run the command line; errors are one plain text for people."""
    if sys.argv[1:] != ["setup"]:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        setup(Clone())
    except StepFailedError as error:
        print(f"make setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("make setup: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
