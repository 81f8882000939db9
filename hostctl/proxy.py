"""What keeps the socket of a slot whose process listens on a port: units of the slot's own, and the port's number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostctl.kinds.paths import observe_path, restore_path, write_file
from hostctl.run import run

WANTED = "wanted"
"""The slot that never runs, whose units the others get copies of."""

ABSENT = {"type": "absent"}


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """The proxy of one slot, if it has one. ``units``: folder of systemd's units. ``port_file``: the slot's port.

    The slot has copies, and no template: a daemon-reload must not change how a slot that runs is stopped, and would
    take the listening socket from one whose template is gone.
    """

    service: str
    slot: str
    units: Path
    port_file: Path

    @property
    def socket_unit(self) -> str:
        """What keeps the socket."""
        return f"{self.service}-proxy@{self.slot}.socket"

    @property
    def service_unit(self) -> str:
        """What connects it with the port."""
        return f"{self.service}-proxy@{self.slot}.service"

    def _unit_files(self, slot: str) -> list[Path]:
        names = (f"@{slot}.service.d/port.conf", f"-proxy@{slot}.socket", f"-proxy@{slot}.service")
        return [self.units / f"{self.service}{name}" for name in names]

    @property
    def files(self) -> list[Path]:
        """All that it consists of."""
        return [*self._unit_files(self.slot), self.port_file]

    def exists(self) -> bool:
        """Whether the slot has one."""
        return any(path.exists() for path in self.files)

    def observe(self) -> dict[str, Any]:
        """Those of its files that are there."""
        found = {str(path): observe_path(path, content=True) for path in self.files}
        return {path: state for path, state in found.items() if state["type"] != "absent"}

    def write(self, port: int | None) -> dict[str, str]:
        """Make it as the slot ``wanted`` has it, for this port; without one, take it away. Digests of its files."""
        if port is None:
            self.restore({})
            return {}
        texts = [path.read_bytes() for path in self._unit_files(WANTED)]
        texts.append(f"DHANMAN_SLOT_PORT={port}\n".encode())
        wanted = {str(p): hashlib.sha256(t).hexdigest() for p, t in zip(self.files, texts, strict=True)}
        before = {path: state.get("sha256") for path, state in self.observe().items()}
        for path, text in zip(self.files, texts, strict=True):
            write_file(path, text, mode="0644", owner="root", group="root")
        # systemd reads hundreds of units for each reload, and what serves waits for the processor meanwhile
        if before != wanted:
            run(["systemctl", "daemon-reload"])
        return wanted

    def restore(self, state: dict[str, Any]) -> None:
        """Bring back what was observed of it."""
        if not state and not self.exists():
            return
        for path in self.files:
            restore_path(path, state.get(str(path), ABSENT | {"missing_parents": self._own_folders(path)}))
        run(["systemctl", "daemon-reload"])

    def _own_folders(self, path: Path) -> list[str]:
        return [str(path.parent)] if path.parent.name.endswith(".d") else []
