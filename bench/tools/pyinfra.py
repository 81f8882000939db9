"""pyinfra as it is shipped."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from bench.tools import baselines
from bench.tools.base import Call, Workplace, inherited_environment


class Pyinfra:
    """`pyinfra` on `bench/baselines/pyinfra`."""

    name = "pyinfra"

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    def version(self) -> str:
        command = [str(self._programs / "pyinfra"), "--version"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).strip()

    def open(self, place: Workplace) -> None:
        """Everything is in the environment of the commands."""

    def converge(self, place: Workplace, body_size: int) -> Call:
        return self._call(place, body_size, "--yes")

    def preview(self, place: Workplace, body_size: int) -> Call:
        return self._call(place, body_size, "--dry")

    def changes(self, output: str) -> int | None:
        counts = re.findall(r"Grand total +\d+ +(\d+|-)", output)
        return int(counts[-1].replace("-", "0")) if counts else None

    def _call(self, place: Workplace, body_size: int, *options: str) -> Call:
        host = place.host
        env = inherited_environment() | {
            "BENCH_ADDRESS": host.address,
            "BENCH_PORT": str(host.port),
            "BENCH_KEY_FILE": str(host.private_key_file),
            "BENCH_KNOWN_HOSTS": str(host.known_hosts_file),
            "BENCH_PUBLIC_KEY_FILE": str(place.public_key_file),
            "BENCH_SERVICE_ARTIFACT": str(place.artifacts.service),
            "BENCH_FRONTEND_ARTIFACT": str(place.artifacts.frontend),
        }
        data = f"client_max_body_size={body_size}m"
        argv = (str(self._programs / "pyinfra"), *options, "--data", data, "inventory.py", "deploy.py")
        return Call(argv=argv, cwd=baselines.ROOT / "pyinfra", env=env)
