"""`make audit STACK=local`: each auditor in turn, a table, and exit 1 where one falls short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import testbed
from audit import dev_sec, headers, listeners, lynis, nginx, rate, rating, ssh, tls, units
from audit.verdict import Verdict
from bench.load import program
from components.settings import Settings, SettingsError
from doctor.listeners import ELSEWHERE
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from scripts.steps import StepFailedError, Steps
from scripts.table import columns
from scripts.tools import provide
from toolchain.paths import Clone

HOST = "local"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
OUTSIDE = "198.51.100.77/24"
"""An address beyond the private ranges, which the host gets for the scan from there (RFC 5737)."""

PUBLIC = {80: "NGINX", 443: "NGINX"}
PRIVATE = {5432: "PostgreSQL", 5672: "RabbitMQ", 15672: "RabbitMQ's management"}


def table(verdicts: Iterable[Verdict]) -> str:
    """What people read."""
    rows = [("AUDITOR", "SUBJECT", "AIM", "FOUND", "")]
    remarks: list[str] = []
    for verdict in verdicts:
        rows.append(
            (
                verdict.auditor,
                verdict.subject,
                verdict.aim,
                verdict.found,
                "" if verdict.passed else "FALLS SHORT",
            )
        )
        remarks += [f"{verdict.auditor}, {verdict.subject}: {remark}" for remark in verdict.remarks]
    return "\n".join([columns(rows), "", *remarks])


class Audit:
    """The auditors' work on one environment on a test host."""

    def __init__(self, steps: Steps, host: testbed.Host, outputs: dict[str, Any], settings: Settings) -> None:
        self._steps, self._host, self._outputs, self._settings = steps, host, outputs, settings

    def run(self) -> list[Verdict]:
        """Every auditor's verdict; one that can't be had is a verdict too."""
        tools = provide(self._steps, REQUIREMENTS, "the auditors")
        address = self._host.address
        domains = [url.removeprefix("https://") for url in self._urls()]
        verdicts: list[Verdict] = []

        def ask(auditor: str, subject: str, work: Callable[[], Verdict | list[Verdict]]) -> None:
            with self._steps.step(f"{auditor}: {subject}"):
                try:
                    said = work()
                except (
                    OSError,
                    ValueError,
                    StepFailedError,
                    subprocess.SubprocessError,
                    testbed.TestbedError,
                ) as e:
                    said = Verdict(
                        auditor=auditor,
                        subject=subject,
                        aim="a verdict",
                        found="none",
                        passed=False,
                        remarks=[str(e)],
                    )
                verdicts.extend(said if isinstance(said, list) else [said])

        ask("ssh-audit", "sshd", lambda: self._sshd(tools))
        for domain in domains:
            ask("sslyze", domain, partial(tls.audit, tools, address, domain))
        with self._steps.step("sshd lets this machine in again"):
            ssh.wait(self._host)
        ask(
            "gixy-ng", "nginx.conf", lambda: nginx.audit(tools, self._host.run("nginx -T 2>/dev/null").stdout)
        )
        ask("testssl.sh", domains[-1], lambda: rating.audit(address, domains[-1], self._ca()))
        ask("HTTP Observatory", domains[-1], lambda: self._headers(domains[-1]))
        ask("systemd-analyze", "units", self._units)
        ask("ss", "listeners", self._inside)
        ask("port scan", "from a private address", lambda: self._scan(address, "a private address", PRIVATE))
        ask("port scan", "from outside", self._from_outside)
        ask("vegeta", "rate limit", self._rate)
        for baseline in dev_sec.BASELINES:
            ask("dev-sec baseline", baseline, partial(dev_sec.audit, self._host, baseline))
        ask("Lynis", "host", lambda: lynis.audit(self._host, lynis.program()))
        return verdicts

    def _urls(self) -> list[str]:
        services = [service["url"] for service in self._outputs["services"].values()]
        return [*services, self._outputs["frontend"]["url"]]

    def _sshd(self, tools: Path) -> list[Verdict]:
        address, port = self._host.address, self._host.port
        report = ssh.ask(tools, address, port)
        ssh.wait(self._host)
        return [ssh.verdict(report), ssh.ask_policy(tools, address, port, report["banner"]["software"])]

    def _ca(self) -> str:
        return self._host.run("cat /etc/dhanman/certificates/ca.crt").stdout

    def _headers(self, domain: str) -> Verdict:
        folder = headers.provide(self._steps)
        with tempfile.TemporaryDirectory() as scratch:
            ca = Path(scratch) / "ca.crt"
            ca.write_text(self._ca())
            return headers.audit(folder, self._host.address, domain, ca)

    def _units(self) -> list[Verdict]:
        slots = {}
        for name, service in self._outputs["services"].items():
            base = service["unit"].removesuffix(".service")
            link = self._host.run(f"readlink /run/dhanman/{HOST}/{name}.sock").stdout
            slots[name] = f"{base}@{link.split('/')[2].rpartition('-')[2]}.service"
        return units.verdicts(self._host.run(units.COMMAND).stdout, units.aims(slots, self._postgres()))

    def _postgres(self) -> str:
        return self._host.run(
            "systemctl list-units --no-legend --plain 'postgresql@*' | cut -d' ' -f1"
        ).stdout.strip()

    def _inside(self) -> Verdict:
        declared = {("tcp", port): name for port, name in {**PUBLIC, **PRIVATE, **ELSEWHERE}.items()}
        declared["tcp", self._host.port] = "sshd"
        declared["udp", 443] = "NGINX, HTTP/3"
        return listeners.inside(self._host.run(listeners.COMMAND).stdout, declared)

    def _scan(self, address: str, name: str, private: Iterable[int], source: str | None = None) -> Verdict:
        declared = {self._host.port, *PUBLIC, *private}
        return listeners.outside(name, listeners.scan(address, declared, source), declared)

    def _rate(self) -> Verdict:
        name, service = next(iter(self._outputs["services"].items()))
        limit = self._settings.services[name].rate_limit or self._settings.gateway.rate_limit
        vegeta = program(self._steps)
        self._host.add_address(OUTSIDE)
        other = OUTSIDE.partition("/")[0]
        return rate.audit(vegeta, self._host.address, other, service["url"], name, limit, self._ca())

    def _from_outside(self) -> Verdict:
        source = self._host.add_address(OUTSIDE)
        # an earlier audit's connections without a login are what fail2ban keeps addresses away for
        self._host.run(["fail2ban-client", "unban", source], check=False)
        return self._scan(OUTSIDE.partition("/")[0], "an address outside", (), source)


def main() -> int:
    """Audit the local environment."""
    clone = Clone()
    if sys.argv[1:] != [HOST]:
        print(f"make audit: looks into a host of this machine; STACK={HOST}", file=sys.stderr)
        return 1
    said = subprocess.run(
        [clone.launcher, "stack", "output", "--json", "--stack", HOST],
        cwd=clone.root, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    outputs = json.loads(said.stdout) if said.returncode == 0 else {}
    if "services" not in outputs:
        print("make audit: there is no local environment: `make local` first", file=sys.stderr)
        return 1
    steps = Steps(clone.logs)
    try:
        cli = Cli(program=clone.launcher, project=clone.root, environment=os.environ)
        settings, _ = read_settings(cli, HOST)
        verdicts = Audit(steps, testbed.up(HOST), outputs, settings).run()
    except (StepFailedError, testbed.TestbedError, PulumiError, SettingsError) as error:
        print(f"make audit: {error}", file=sys.stderr)
        return 1
    print(table(verdicts))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
