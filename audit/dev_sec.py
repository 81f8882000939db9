"""The host by the controls of the DevSec baselines, which ``audit/baselines`` has as tests.

Source: https://dev-sec.io/baselines/
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import testbed
from audit.baselines.waived import WAIVED
from audit.verdict import Verdict

LIMIT = 300
BASELINES = {
    "linux": ("linux.py", "kernel.py"),
    "ssh": ("ssh.py",),
    "nginx": ("nginx.py",),
    "postgres": ("postgres.py",),
}
"""The files of each baseline's controls."""

NAME = "audited"
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Control:
    """What one test said. ``outcome``: passed, failure, error or skipped. ``said``: its first line, or ''."""

    number: str
    title: str
    outcome: str
    said: str = ""

    @property
    def untrue(self) -> bool:
        """Whether the host was asked and is otherwise; any other error in a test says nothing of the host."""
        return self.outcome == "failure" and self.said.startswith(("AssertionError", "assert "))


def controls(report: str) -> Iterator[Control]:
    """From pytest's JUnit report. Raises ``ValueError`` if it is none, or has a test that is no control."""
    try:
        cases = list(ElementTree.fromstring(report).iter("testcase"))
    except ElementTree.ParseError as error:
        raise ValueError(f"pytest wrote no report: {error}") from None
    for case in cases:
        properties = {one.get("name"): one.get("value", "") for one in case.iter("property")}
        if "control" not in properties:
            raise ValueError(f"{case.get('name')} is no control")
        bad = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        yield Control(
            number=properties["control"],
            title=properties["title"],
            outcome="passed" if bad is None else bad.tag,
            said="" if bad is None else (bad.get("message") or "").partition("\n")[0],
        )


def verdict(baseline: str, found: Sequence[Control], waived: Mapping[str, str] = WAIVED) -> Verdict:
    """Of one baseline. A control that could not be asked counts as one that fails, waived or not."""
    if not any(one.outcome != "skipped" for one in found):
        raise ValueError("no control was asked")
    asked = [one for one in found if one.outcome != "skipped"]
    bad = [one for one in asked if one.outcome != "passed"]
    allowed = [one for one in bad if one.number in waived and one.untrue]
    short = [one for one in bad if one not in allowed]
    remarks = [f"{one.number}: {one.title}: {one.said}" for one in short]
    remarks += [f"waived: {one.number}: {one.title}: {waived[one.number]}" for one in allowed]
    remarks += [
        f"{one.number}: {one.title}: holds, so it need not be waived here"
        for one in asked
        if one.outcome == "passed" and one.number in waived
    ]
    remarks += [f"not asked: {one.number}: {one.title}: {one.said}" for one in found if one not in asked]
    words = f"{len(asked) - len(bad)} of {len(asked)} controls, {len(allowed)} waived"
    return Verdict(
        auditor="dev-sec baseline",
        subject=baseline,
        aim="all controls that are not waived",
        found=f"{words}, {len(short)} fail" if short else words,
        passed=not short,
        remarks=remarks,
    )


def ssh_config(command: Sequence[str], control_path: Path) -> str:
    """The same as an ssh call says by its arguments, for ssh's ``-F``, with one connection for all commands."""
    user, _, address = command[-1].partition("@")
    options = {"HostName": address, "User": user}
    words = {"-i": "IdentityFile", "-p": "Port"}
    for flag, value in pairwise(command):
        if flag in words:
            options[words[flag]] = value
        elif flag == "-o":
            name, _, said = value.partition("=")
            options[name] = said
    options |= {"ControlMaster": "auto", "ControlPath": str(control_path), "ControlPersist": "yes"}
    return f"Host {NAME}\n" + "".join(f"    {name} {value}\n" for name, value in options.items())


def audit(host: testbed.Host, baseline: str) -> Verdict:
    """Ask the host. Raises ``subprocess.SubprocessError`` or ``ValueError`` if there is no report."""
    with tempfile.TemporaryDirectory() as scratch:
        config, report = Path(scratch) / "ssh_config", Path(scratch) / "report.xml"
        config.write_text(ssh_config(host.ssh_command(), Path(scratch) / "control"))
        files = [str(_ROOT / "audit/baselines" / name) for name in BASELINES[baseline]]
        command = [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"),
            # the connection is the configuration's affair, so testinfra's own kind of sharing is off
            *(f"--hosts=ssh://{NAME}?controlpersist=0", f"--ssh-config={config}", *files),
        ]
        try:
            done = subprocess.run(
                command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
            )
        finally:
            subprocess.run(
                ["ssh", "-F", str(config), "-O", "exit", NAME],
                capture_output=True,
                check=False,
                timeout=LIMIT,
            )
        if not report.exists():
            raise ValueError(f"pytest wrote no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return verdict(baseline, list(controls(report.read_text())))
