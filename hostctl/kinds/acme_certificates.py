"""Certificates from an ACME server. What there is to know of them ``dhanman-certificates`` knows, which this asks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.report import progress, tail
from hostctl.run import run

MISSING, BROKEN = "missing", "certificate and key do not fit"
RIGHT = ("good", "due for renewal")
"""Verdicts of the program with which nothing is to be done here: renewal is its timer's."""
LIMIT = 1500.0
"""Seconds for all certificates of a host; a unit may take half an hour."""


class _Asked(Kind):
    phase = Phase.DATA
    # placeholders harm nobody, and each certificate that is thrown away counts against the server's limits
    rolls_back = False

    def observe(self) -> State | None:
        """The program's verdict on each certificate; empty while there is no program."""
        if not Path(self.wanted["program"]).exists():
            return {"verdicts": {}}
        done = run([self.wanted["program"], "verdicts"], check=False)
        try:
            return {"verdicts": json.loads(done.stdout)} if done.returncode == 0 else {"verdicts": {}}
        except ValueError:
            return {"verdicts": {}}

    def restore(self, state: State) -> None:
        """Nothing: see ``rolls_back``."""


class AcmeCertificates(_Asked):
    """Something for NGINX to read: a certificate, or a placeholder."""

    name = "acme_certificates"

    @property
    def data(self) -> bool:
        """Private keys and the account at the ACME server."""
        return True

    def differs(self, state: State | None) -> list[str]:
        """Which are missing, or no use to NGINX."""
        assert state is not None
        verdicts = {name: state["verdicts"].get(name, MISSING) for name in self.wanted["names"]}
        return [f"{name}: {found}" for name, found in verdicts.items() if found in (MISSING, BROKEN)]

    def apply(self, state: State | None) -> None:
        """Have placeholders made, or what the host has from before taken."""
        for line in run([self.wanted["program"], "prepare"]).stdout.splitlines():
            progress(f"  {line}")

    def remove(self, origin: State) -> None:
        """With account, keys and status; only asked for where data is to go."""
        for folder in (self.wanted["path"], self.wanted["state"]):
            shutil.rmtree(folder, ignore_errors=True)


class IssuedCertificates(_Asked):
    """All of them are the ACME server's own."""

    name = "issued_certificates"

    def differs(self, state: State | None) -> list[str]:
        """Which are not, and why."""
        assert state is not None
        verdicts = {name: state["verdicts"].get(name, MISSING) for name in self.wanted["certificates"]}
        return [f"{name}: {found}" for name, found in verdicts.items() if found not in RIGHT]

    def effects(self, state: State | None) -> list[str]:
        """Who is asked."""
        kind, directory = self.wanted["key_type"].upper(), self.wanted["directory"]
        return [f"ask {directory} for certificates with {kind} keys, then reload nginx.service"]

    def apply(self, state: State | None) -> None:
        """Have them asked for. What was got before a failure is served."""
        done = run([self.wanted["program"], "issue"], check=False, timeout=LIMIT)
        lines = done.stderr.splitlines()
        for line in lines:
            if not line.startswith(("error: ", "next: ", "    ")):
                progress(f"  {line}")
        if done.returncode != 0:
            errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
            steps = [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
            details = [line.strip() for line in lines if line.startswith("    ")]
            raise HostError(
                errors[0] if len(errors) == 1 else f"{len(errors)} certificates are not as they should be",
                details=tail("\n".join([*(errors if len(errors) > 1 else ()), *details])),
                hint="\n".join(steps or ["dhanman-certificates show says how they are; then pulumi up"])
                + "\nnow: certificates that were issued are served, and all others as before",
            )
