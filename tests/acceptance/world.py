"""An environment of its own for the acceptance tests: a copy of the project, a real host, a state of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import testbed
from bench.project import copy_checkout
from components.settings.raw import merge
from scripts.drift import findings
from tests.waiting import until
from toolchain.paths import Clone

PASSPHRASE = "passphrase-of-the-tests"
STACK = "local"
PULUMI_TIMEOUT = 600
SAID = "said.txt"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What HTTPS answered: status, headers with lower-case names, body, and the HTTP version."""

    status: int
    headers: dict[str, str]
    body: str
    version: str


@dataclasses.dataclass(kw_only=True)
class World:
    """``project``: a copy of this checkout, so that stack files and overlay may be changed. ``host``: a test host."""

    project: Path
    host: testbed.Host
    cli: Path
    outputs: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, host: testbed.Host) -> World:
        """A copy of the project below ``folder`` whose stack ``local`` is the environment on ``host``."""
        copy_checkout(Clone(), folder)
        world = cls(project=folder / "project", host=host, cli=_cli())
        world.configure({})
        world.pulumi("stack", "init", STACK)
        return world

    @classmethod
    def copy(cls, original: Path, folder: Path, host: testbed.Host) -> World:
        """What ``make`` and ``up`` left below ``original``, for a host that starts from the other one's disk."""
        shutil.copytree(original, folder, symlinks=True, dirs_exist_ok=True)
        said = (folder / SAID).read_text() if (folder / SAID).exists() else ""
        world = cls(project=folder / "project", host=host, cli=_cli(), outputs=[said])
        world.configure({})
        return world

    def keep_what_was_said(self) -> None:
        """Let copies have what the CLI said so far: a secret in it is one of theirs."""
        (self.project.parent / SAID).write_text("".join(self.outputs))

    @property
    def state_file(self) -> Path:
        """The checkpoint of the stack."""
        return self.project.parent / f"state/.pulumi/stacks/dhanman/{STACK}.json"

    @property
    def environment(self) -> dict[str, str]:
        """What the Pulumi CLI runs with."""
        clone = Clone()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PULUMI_") and k != "SSH_AUTH_SOCK"}
        return kept | {
            "PATH": f"{clone.venv / 'bin'}:{kept['PATH']}",
            "PULUMI_HOME": str(clone.pulumi_home),
            "PULUMI_BACKEND_URL": f"file://{self.project.parent / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Lay ``settings`` over the stack file of the copy, beside what the host needs."""
        host = self.host
        key = host.private_key_file.with_name(f"{host.private_key_file.name}.pub").read_text().strip()
        base: dict[str, Any] = {
            "hosts": {"local": {"address": host.address, "port": host.port, "hostKey": host.host_key}},
            "ssh": {"privateKeyFile": str(host.private_key_file), "deployKeys": [key]},
        }
        (self.project / ".local/overlay.yaml").write_text(yaml.safe_dump(merge(base, settings)))

    def pulumi(
        self, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the real CLI in the copy; both outputs are in ``stdout``."""
        done = subprocess.run(
            [str(self.cli), "--non-interactive", *arguments],
            cwd=self.project,
            env=self.environment | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PULUMI_TIMEOUT,
        )
        self.outputs.append(done.stdout)
        assert not check or done.returncode == 0, _with_the_causes_last(done.stdout)
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI in a process group of its own, to be killed."""
        return subprocess.Popen(
            [str(self.cli), "--non-interactive", *arguments],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def up(self, *arguments: str, check: bool = True) -> str:
        """``pulumi up``; what it said."""
        return self.pulumi("up", "--stack", STACK, "--yes", "--skip-preview", *arguments, check=check).stdout

    def preview(self) -> list[str]:
        """Names of the resources that an ``up`` would change."""
        steps = json.loads(self.pulumi("preview", "--stack", STACK, "--json").stdout)["steps"]
        return sorted(s["urn"].rsplit("::", 1)[-1] for s in steps if s["op"] != "same")

    def preview_text(self) -> str:
        """What a preview shows to people."""
        return self.pulumi("preview", "--stack", STACK).stdout

    def drift(self) -> list[str]:
        """What an observation finds on the host, as ``make drift`` prints it, without host and unit."""
        report = self.project.parent / "drift.json"
        report.unlink(missing_ok=True)
        self.pulumi("preview", "--stack", STACK, environment={"DHANMAN_DRIFT_REPORT": str(report)})
        return [finding.text for finding in findings(json.loads(report.read_text()))]

    @contextlib.contextmanager
    def changed(self, settings: Mapping[str, Any]) -> Iterator[None]:
        """With other settings; afterwards the host is as it was."""
        self.configure(settings)
        try:
            yield
        finally:
            self.configure({})
            self.up()

    def secrets(self) -> dict[str, str]:
        """Every generated password of the stack, by its resource."""
        exported = json.loads(self.pulumi("stack", "export", "--show-secrets", "--stack", STACK).stdout)
        self.outputs.pop()
        resources = exported["deployment"]["resources"]
        return {
            r["urn"].rsplit("::", 1)[-1]: json.loads(r["outputs"]["result"]["plaintext"])
            for r in resources
            if r["type"].endswith("RandomPassword")
        }

    def slot(self, service: str) -> str:
        """The systemd unit of the slot in which the service's release serves."""
        link = self.run(f"readlink /run/dhanman/local/{service}.sock")
        return f"dhanman-{service}-local@{link.split('/')[2].rpartition('-')[2]}.service"

    def settings_file(self, service: str) -> str:
        """Path of the settings that the service's serving process reads."""
        slot = self.slot(service).partition("@")[2].removesuffix(".service")
        return f"/etc/dhanman/local/{service}/{slot}/appsettings.Local.json"

    def exposure(self, unit: str) -> float:
        """What ``systemd-analyze security`` makes of a unit: 0 is closed, 10 open."""
        said = self.run(f"systemd-analyze security --no-pager {unit} | tail -1")
        return float(said.split("service: ")[1].split()[0])

    def run(self, command: str, *, check: bool = True) -> str:
        """A command on the host as root; what it printed."""
        return self.host.run(command, check=check).stdout

    def wait_for(self, command: str, seconds: float) -> None:
        """Wait until a command succeeds on the host; asked at its console, since the network may be what is broken.

        While it reboots there is no console either.
        """

        def holds() -> bool:
            with contextlib.suppress(testbed.TestbedError):
                return self.host.exec(command, check=False).returncode == 0
            return False

        until(holds, seconds, what=command)

    def ask(self, url: str, *options: str, address: str | None = None) -> Answer:
        """GET over HTTPS by name, trusting only the environment's CA."""
        name = url.split("/")[2]
        certificate = self.project / ".local/ca.crt"
        if not certificate.exists():
            certificate.write_text(self.run("cat /etc/dhanman/certificates/ca.crt"))
        resolve = [
            x for port in (80, 443) for x in ("--resolve", f"{name}:{port}:{address or self.host.address}")
        ]
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--include", "--max-time", "20", "--noproxy", "*",
             "--cacert", str(certificate), *resolve, *options, "--write-out", "\n%{http_code} %{http_version}", url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        text, _, last = done.stdout.rpartition("\n")
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        pairs = (line.split(":", 1) for line in head.splitlines()[1:] if ":" in line)
        status, version = last.split()
        headers = {k.strip().lower(): v.strip() for k, v in pairs}
        return Answer(status=int(status), headers=headers, body=body, version=version)

    def connections(self) -> int:
        """Logins over SSH that the host has counted so far, without making one."""
        count = self.host.exec(
            "journalctl --quiet --output=cat | grep -c 'Accepted publickey' || true"
        ).stdout
        return int(count.strip() or 0)


def _cli() -> Path:
    return Path(Clone().stamp.read_text(encoding="utf-8").splitlines()[1])


def _with_the_causes_last(said: str) -> str:
    """Without the stack's outputs, which fill the screen that shows the end of a long run."""
    progress, _, rest = said.partition("\nDiagnostics:\n")
    return f"{progress}\n{rest.partition(chr(10) + 'Outputs:')[0]}"
