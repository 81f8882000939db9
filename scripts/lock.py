"""`make lock`: resolves requirements*.in to requirements*.txt, with hashes, for every platform.

Existing pins stay unless `--upgrade` is given, as in `make lock ARGS=--upgrade`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FILES = (
    "requirements",
    "requirements-toolchain",
    "requirements-dev",
    "toolchain/requirements-go",
    "bench/requirements",
    "audit/requirements",
)
_OPTIONS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--quiet"]


def main() -> int:
    """Resolve each file; later ones are constrained by the first."""
    env = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    for name in _FILES:
        print(f"{name}.in -> {name}.txt", file=sys.stderr)
        command = [sys.executable, "-m", "uv", "pip", "compile", *_OPTIONS, f"{name}.in", "-o", f"{name}.txt"]
        code = subprocess.run([*command, *sys.argv[1:]], env=env, cwd=_ROOT, check=False).returncode
        if code:
            print(f"make lock: {name}.in can't be resolved; {name}.txt is as it was", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
