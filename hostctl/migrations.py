"""What a release does to its service's database before it serves for the first time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hostctl.kinds.paths import write_file
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store
from hostctl.systemd import tell


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """Those of one service. ``done``: a JSON list of the artifacts whose migration has succeeded.

    A migration must suit the release that serves still: it runs while that one does.
    """

    service: str
    done: Path

    def run(self, slot: str, artifact: str, version: str, limit: float, log: str) -> None:
        """Run the unit ``{service}-migrate@{slot}``, unless it has succeeded for this artifact (sha256) before.

        ``limit``: seconds that it has. ``log``: file whose last lines a failure quotes.
        """
        before: list[str] = json.loads(self.done.read_text()) if self.done.is_file() else []
        if artifact in before:
            return
        unit = f"{self.service}-migrate@{slot}.service"
        with Store().lock(f"migrate-{self.service}"):
            progress(f"  migrating the database for version {version}: {limit:.0f} s at most")
            try:
                tell("start", unit, log, timeout=limit + 30)
            finally:
                run(["systemctl", "reset-failed", unit], check=False)
        text = json.dumps([*before, artifact]).encode()
        write_file(self.done, text, mode="0644", owner="root", group="root")
