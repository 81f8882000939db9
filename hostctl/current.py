"""What leads connections and boots to one slot of a service: links, each replaced by one rename."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostctl.kinds.paths import write_file, write_symlink
from hostctl.report import progress
from hostctl.run import run
from hostctl.slots import Slot, target

UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True, kw_only=True)
class Current:
    """The links of one service. ``serving``: what NGINX and the document's port connect to.

    ``canary``: what NGINX connects a share of requests to; the same slot, but while a new release is on trial.
    """

    service: str
    root: Path
    serving: Path
    has_canary: bool

    @property
    def canary(self) -> Path:
        """The link for the share of a canary."""
        return self.serving.with_name(f"{self.serving.stem}-canary{self.serving.suffix}")

    @property
    def release(self) -> Path:
        """The link to the release that serves."""
        return self.root / "current"

    @property
    def boot(self) -> Path:
        """The drop-in that says which slot a start of the service starts: at boot it also claims the links."""
        return UNITS / f"{self.service}.service.d" / "slot.conf"

    def observe(self, slots: list[Slot]) -> dict[str, Any]:
        """Names of the slots that they lead to, and the release."""
        boot = self.boot.read_text() if self.boot.is_file() else ""
        found = {
            "serving": _at(slots, self.serving),
            "boot": next((slot.name for slot in slots if slot.unit in boot), None),
            "current": target(self.release),
        }
        return found | ({"canary": _at(slots, self.canary)} if self.has_canary else {})

    def lead(self, slot: Slot) -> None:
        """From the first rename on new connections reach this slot; the rest is for the next boot and for people."""
        if target(self.serving) != slot.socket:
            write_symlink(self.serving, slot.socket)
            progress(f"  {slot.unit} serves")
        self.lead_canary(slot)
        text = f"# Managed by the dhanman deployment.\n[Unit]\nWants={slot.unit}\n".encode()
        if not self.boot.is_file() or self.boot.read_bytes() != text:
            write_file(self.boot, text, mode="0644", owner="root", group="root")
            run(["systemctl", "daemon-reload"])
        write_symlink(self.release, str(target(slot.link)))

    def lead_canary(self, slot: Slot) -> None:
        """From now on the canary's share reaches this slot; without a canary there is no such link."""
        if not self.has_canary:
            self.canary.unlink(missing_ok=True)
        elif target(self.canary) != slot.socket:
            write_symlink(self.canary, slot.socket)

    def remove(self) -> None:
        """Lead nowhere."""
        for path in (self.serving, self.canary, self.release, self.boot):
            path.unlink(missing_ok=True)
        if self.boot.parent.is_dir() and not any(self.boot.parent.iterdir()):
            self.boot.parent.rmdir()


def _at(slots: list[Slot], link: Path) -> str | None:
    leads_to = target(link)
    return next((slot.name for slot in slots if slot.socket == leads_to), None)
