"""The two places of a service in which a release can run: each with its own process, release, settings and socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostctl.kinds.paths import observe_path, restore_path, write_file, write_symlink
from hostctl.kinds.service import UP, overrides
from hostctl.proxy import Proxy
from hostctl.run import run
from hostctl.systemd import properties

SLOTS = ("blue", "green")
STOP_LIMIT = 3700
"""Seconds: longer than the longest time that settings can give a process to end its requests."""


def other(name: str) -> str:
    """The slot that is not this one."""
    return SLOTS[1 - SLOTS.index(name)]


def target(link: Path) -> str | None:
    """Where a link leads; None if there is none."""
    return str(link.readlink()) if link.is_symlink() else None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One slot. ``root``: of the service's releases. ``settings``: its own settings file, which ``user`` may read.
    ``proxy``: what keeps its socket where its process listens on a port.

    Its *label* says what it was filled with; a process can't be asked what it was started from.
    """

    name: str
    service: str
    root: Path
    settings: Path
    user: str
    proxy: Proxy

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return f"{self.service}@{self.name}.service"

    @property
    def socket(self) -> str:
        """Where it listens."""
        return f"/run/{self.service}-{self.name}/http.sock"

    @property
    def link(self) -> Path:
        """The link to its release: the working directory of its process."""
        return self.root / "slots" / self.name

    @property
    def label(self) -> Path:
        """What it was filled with, as JSON."""
        return self.root / "slots" / f"{self.name}.json"

    @property
    def attributes(self) -> dict[str, str]:
        """Mode and owner of its settings."""
        return {"mode": "0400", "owner": self.user, "group": self.user}

    def observe(self) -> dict[str, Any]:
        """What is in it, and whether it runs."""
        shown, proxy = properties(self.unit), self.proxy.observe()
        active, dying = shown.get("ActiveState", "inactive"), shown.get("SubState") == "auto-restart"
        up = active in UP and not dying
        deaf = up and bool(proxy) and properties(self.proxy.socket_unit).get("ActiveState") not in UP
        try:
            label: dict[str, Any] | None = json.loads(self.label.read_text())
        except (OSError, ValueError):
            label = None
        return {
            "active": "dying and restarting" if dying else "without its socket" if deaf else active,
            "running": up and not deaf,
            "release": target(self.link),
            "settings": observe_path(self.settings, content=True),
            "label": label,
            "overrides": overrides(shown.get("DropInPaths", "")),
            "proxy": proxy,
        }

    def is_whole(self) -> bool:
        """Whether it holds all that a start needs."""
        return self.link.is_dir() and self.settings.is_file() and self.label.is_file()

    def holds(self, state: dict[str, Any]) -> bool:
        """Whether it holds what was observed in it."""
        now = self.observe()
        same = all(now[key] == state[key] for key in ("release", "label"))
        return same and now["settings"].get("sha256") == state["settings"].get("sha256")

    def fill(self, release: str, settings: bytes, label: dict[str, Any], port: int | None) -> None:
        """Put a release with its settings into it; its process must not run. ``port``: None if it needs no proxy."""
        write_file(self.settings, settings, **self.attributes)
        write_symlink(self.link, release)
        proxy = self.proxy.write(port)
        self.relabel(label | ({"proxy": proxy} if proxy else {}))

    def relabel(self, label: dict[str, Any]) -> None:
        """Say anew what it holds."""
        write_file(self.label, json.dumps(label).encode(), mode="0644", owner="root", group="root")

    def bring_back(self, state: dict[str, Any]) -> None:
        """Put back what was observed in it."""
        if state["release"] is None or state["settings"]["type"] != "file" or state["label"] is None:
            self.empty()
            return
        restore_path(self.settings, state["settings"])
        self.proxy.restore(state.get("proxy", {}))
        write_symlink(self.link, state["release"])
        self.relabel(state["label"])

    def empty(self) -> None:
        """Take out what is in it."""
        for path in (self.link, self.settings, self.label):
            path.unlink(missing_ok=True)
        self.proxy.restore({})

    def stop(self) -> None:
        """End its process, and forget that it may have failed."""
        # the process first: its proxy is part of it and ordered after it, and is waited for here
        proxy = [self.proxy.service_unit, self.proxy.socket_unit] if self.proxy.exists() else []
        units = [self.unit, *proxy]
        run(["systemctl", "stop", *units], check=False, timeout=STOP_LIMIT)
        run(["systemctl", "reset-failed", *units], check=False)
