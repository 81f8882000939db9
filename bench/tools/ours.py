"""This project: `pulumi up` of the stack `local`, in a copy with a state of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from bench.errors import BenchError
from bench.tools.base import Call, Workplace, inherited_environment
from toolchain.paths import Clone

STACK = "local"
COPIED = ("Pulumi.yaml", "Pulumi.*.yaml", "__main__.py", "components", "hostctl", "samples")
PASSPHRASE = "only-for-measurements"


class Ours:
    """`pulumi up --yes --skip-preview` and `pulumi preview`."""

    name = "ours"

    def __init__(self) -> None:
        self._clone = Clone()
        # the second line of the stamp is the CLI that `make setup` settled on
        self._cli = Path(self._clone.stamp.read_text(encoding="utf-8").splitlines()[1])

    def version(self) -> str:
        done = subprocess.run([self._cli, "version"], capture_output=True, text=True, check=False)
        return f"pulumi {done.stdout.strip()}"

    def open(self, place: Workplace) -> None:
        project = place.folder / "project"
        project.mkdir()
        for pattern in COPIED:
            for source in self._clone.root.glob(pattern):
                if source.is_dir():
                    shutil.copytree(
                        source, project / source.name, ignore=shutil.ignore_patterns("__pycache__")
                    )
                else:
                    shutil.copy(source, project)
        (project / ".venv").symlink_to(self._clone.venv)
        (project / ".local").mkdir()
        (place.folder / "state").mkdir()
        call = self._call(place, "stack", "init", STACK)
        done = subprocess.run(
            call.argv, cwd=call.cwd, env=call.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"pulumi stack init: {done.stderr.strip()}")

    def converge(self, place: Workplace, body_size: int) -> Call:
        self._configure(place, body_size)
        return self._call(place, "up", "--stack", STACK, "--yes", "--skip-preview")

    def preview(self, place: Workplace, body_size: int) -> Call:
        self._configure(place, body_size)
        return self._call(place, "preview", "--stack", STACK)

    def changes(self, output: str) -> int | None:
        _, found, summary = output.rpartition("\nResources:\n")
        counts = re.findall(r"^ +(?:\+-|[+~-]) ?(\d+) [a-z]+$", summary, re.MULTILINE)
        return sum(map(int, counts)) if found else None

    def _configure(self, place: Workplace, body_size: int) -> None:
        host = place.host
        settings = {
            "hosts": {"local": {"address": host.address, "port": host.port, "hostKey": host.host_key}},
            "ssh": {
                "privateKeyFile": str(host.private_key_file),
                "deployKeys": [place.public_key_file.read_text(encoding="utf-8").strip()],
            },
            "gateway": {"clientMaxBodySize": f"{body_size}MiB"},
        }
        overlay = place.folder / "project/.local/overlay.yaml"
        overlay.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def _call(self, place: Workplace, *arguments: str) -> Call:
        kept = inherited_environment()
        env = kept | {
            "PATH": f"{self._clone.venv / 'bin'}:{kept['PATH']}",
            "PULUMI_HOME": str(self._clone.pulumi_home),
            "PULUMI_BACKEND_URL": (place.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        argv = (str(self._cli), "--non-interactive", *arguments)
        return Call(argv=argv, cwd=place.folder / "project", env=env)
