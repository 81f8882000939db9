"""The state of a systemd unit: enabled, running, and changed by nobody else's drop-ins."""

from __future__ import annotations

from pathlib import Path

from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.postgres_cluster import serves_by_itself
from hostctl.log_files import LogFiles
from hostctl.ownership import owned, put_back, set_aside
from hostctl.run import run
from hostctl.systemd import properties, tell

ENABLED = {"enabled", "enabled-runtime", "generated", "alias"}
UP = {"active", "reloading", "activating"}
BY_HAND = ("/etc/systemd/system/", "/etc/systemd/system.control/")
"""Where ``systemctl edit`` and ``systemctl set-property`` leave their drop-ins; a package's own lie in /usr/lib."""


class Service(Kind):
    """The unit is enabled and running as wanted."""

    name = "service"
    phase = Phase.SERVICES

    @property
    def key(self) -> str:
        """The unit's name."""
        return str(self.wanted["unit"])

    @property
    def units(self) -> list[str]:
        """The unit itself."""
        return [self.key]

    def observe(self) -> State | None:
        """What systemd says of it."""
        shown = properties(self.key)
        active, sub = shown.get("ActiveState", "inactive"), shown.get("SubState")
        # a unit that dies and is started again and again says "activating" in between
        restarting = sub == "auto-restart"
        return {
            "load": shown.get("LoadState", "not-found"),
            "enabled": shown.get("UnitFileState") in ENABLED,
            "running": active in UP and not restarting,
            "active": "dying and restarting" if restarting else active,
            "overrides": overrides(shown.get("DropInPaths", "")),
        }

    def differs(self, state: State | None) -> list[str]:
        """Which of them is other than wanted."""
        assert state is not None
        if state["load"] == "not-found":
            return ["no such unit"]
        if state["load"] == "masked":
            return ["masked"]
        problems = [f"overridden by {path}" for path in state.get("overrides", ())]
        if self.wanted["enabled"] is not None and state["enabled"] != self.wanted["enabled"]:
            problems.append("disabled" if self.wanted["enabled"] else "enabled")
        if self.wanted["running"] is not None and state["running"] != self.wanted["running"]:
            problems.append(state["active"] if self.wanted["running"] else "running")
        return problems

    def effects(self, state: State | None) -> list[str]:
        """Which of its verbs systemctl is given."""
        state = state or {"enabled": None, "running": None}
        verbs = {"enabled": ("disable", "enable"), "running": ("stop", "start")}
        changed = [w for w in verbs if self.wanted[w] is not None and state[w] != self.wanted[w]]
        words = [f"{verbs[what][self.wanted[what]]} {self.key}" for what in changed]
        restart = state.get("overrides") and state["running"] and self.wanted["running"] is not False
        return words + ([f"restart {self.key}"] if restart else [])

    def apply(self, state: State | None) -> None:
        """Unmask it, take drop-ins away, enable and start, or the contrary."""
        if state and state["load"] == "masked":
            run(["systemctl", "unmask", "--quiet", self.key])
        overrides = (state or {}).get("overrides", ())
        for path in overrides:
            set_aside(Path(path))
        if overrides:
            self._reread()
        self._set("enabled", self.wanted["enabled"])
        self._set("running", self.wanted["running"])

    def _logs(self) -> LogFiles:
        return LogFiles([self.wanted["log"]] if self.wanted.get("log") else [])

    def _reread(self) -> None:
        run(["systemctl", "daemon-reload"])
        if (self.observe() or {}).get("running"):
            tell("restart", self.key, self._logs())

    def _set(self, what: str, wanted: bool | None) -> None:
        now = self.observe() or {}
        if wanted is None or now.get(what) == wanted:
            return
        verb = {"enabled": ("disable", "enable"), "running": ("stop", "start")}[what][wanted]
        if verb == "start" and now["active"] == "failed":
            run(["systemctl", "reset-failed", self.key], check=False)
        tell(verb, self.key, self._logs())

    def restore(self, state: State) -> None:
        """Bring enablement, activity and drop-ins back; a unit that was not there is stopped and disabled."""
        now = self.observe() or {}
        if now.get("load") == "not-found":
            return
        if state["load"] == "masked":
            run(["systemctl", "mask", "--quiet", self.key], check=False)
            return
        if gone := [path for path in state.get("overrides", ()) if path not in now["overrides"]]:
            for path in gone:
                Path(path).parent.mkdir(exist_ok=True)
                put_back(Path(path))
            self._reread()
        fresh = state["load"] == "not-found"
        if self.wanted["running"] is not None and serves_by_itself(self.key):
            self._set("running", False if fresh else state["running"])
        if self.wanted["enabled"] is not None:
            self._set("enabled", False if fresh else state["enabled"])
        if fresh:
            run(["systemctl", "reset-failed", self.key], check=False)

    def foreign(self, state: State) -> bool:
        """A switch belongs to nobody; a drop-in or a mask was somebody's decision."""
        return bool(state.get("overrides")) or state["load"] == "masked"


def overrides(drop_ins: str) -> list[str]:
    """Those of a unit's drop-ins (``DropInPaths``) that somebody made by hand."""
    found = [path for path in drop_ins.split() if path.startswith(BY_HAND)]
    return [path for path in found if path not in owned()] if found else []
