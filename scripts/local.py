"""`make local`: a host on this machine, and the local stack on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from scripts.steps import StepFailedError, Steps
from toolchain.paths import Clone

_HOST = "local"
_SUITE = "forky"


def start_host(clone: Clone) -> dict[str, Any]:
    """Start the host (or find it running) and give what the testbed says of it. Raises StepFailedError."""
    command = [str(clone.python), "-m", "testbed", "up", _HOST, "--suite", _SUITE]
    done = subprocess.run(command, cwd=clone.root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise StepFailedError("the local host did not start; what it said is above")
    host: dict[str, Any] = json.loads(done.stdout)
    return host


def overlay(host: dict[str, Any]) -> dict[str, Any]:
    """Give what the local stack's settings take from the host that was started."""
    key_file = Path(host["private_key_file"])
    public_key = key_file.with_name(f"{key_file.name}.pub").read_text(encoding="utf-8").strip()
    address = {"address": host["address"], "port": host["port"], "hostKey": host["host_key"]}
    return {"hosts": {_HOST: address}, "ssh": {"privateKeyFile": str(key_file), "deployKeys": [public_key]}}


def write_overlay(clone: Clone, content: dict[str, Any]) -> None:
    """Write `.local/overlay.yaml`, readable by this user alone, in one go."""
    target = clone.local / "overlay.yaml"
    new = target.with_name("overlay.yaml.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file, sort_keys=False)
    new.replace(target)


def main() -> int:
    """Run the steps in order; the first that fails ends it."""
    clone = Clone()
    steps = Steps(clone.logs)
    try:
        host = start_host(clone)
        with steps.step("Writing .local/overlay.yaml"):
            write_overlay(clone, overlay(host))
    except StepFailedError as error:
        print(f"make local: {error}", file=sys.stderr)
        return 1
    up = [str(clone.launcher), "up", "--stack", _HOST, "--yes", "--skip-preview", "--suppress-outputs"]
    show = [str(clone.python), "-m", "scripts.show_environment", _HOST]
    print(
        f"Bringing {host['address']} to what Pulumi.local.yaml says (a first run takes about a minute)",
        flush=True,
    )
    # a dead agent would fail every connection, and the local host is entered with a key file
    environment = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
    for command in (up, show):
        if code := subprocess.run(command, cwd=clone.root, env=environment, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
