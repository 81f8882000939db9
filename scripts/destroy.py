"""`make destroy STACK=name`: removes a stack from its hosts; data is kept where its component says so."""

from __future__ import annotations

import subprocess
import sys

from toolchain.paths import Clone

_UNASKED = ("local",)


def confirmed(stack: str) -> bool:
    """Whether the person typed the stack's name again; the local stack needs no asking."""
    if stack in _UNASKED:
        return True
    print(
        f"This removes {stack} from its hosts. Type the stack's name to go on: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip() == stack


def main() -> int:
    """Ask, lift the protection of what holds data, destroy."""
    stack = sys.argv[1]
    if not confirmed(stack):
        print(f"make destroy: the name typed was not {stack}; nothing was done", file=sys.stderr)
        return 1
    pulumi = [str(Clone().launcher)]
    if stack not in _UNASKED:
        code = subprocess.run(
            [*pulumi, "state", "unprotect", "--all", "--yes", "--stack", stack], check=False
        ).returncode
        if code:
            return code
    return subprocess.run([*pulumi, "destroy", "--stack", stack, "--yes"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
