"""The state of a systemd unit: enabled, running."""

from __future__ import annotations

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.run import run
from hostctl.systemd import last_words, properties

ENABLED = {"enabled", "enabled-runtime", "generated", "alias"}
UP = {"active", "reloading", "activating"}


class Service(Kind):
    """The unit is enabled and running as wanted."""

    name = "service"
    phase = Phase.SERVICES

    @property
    def key(self) -> str:
        """The unit's name."""
        return str(self.wanted["unit"])

    def observe(self) -> State | None:
        """What systemd says of it."""
        shown = properties(self.key)
        return {
            "load": shown.get("LoadState", "not-found"),
            "enabled": shown.get("UnitFileState") in ENABLED,
            "running": shown.get("ActiveState") in UP,
            "active": shown.get("ActiveState", "inactive"),
        }

    def differs(self, state: State | None) -> list[str]:
        """Which of the two is other than wanted."""
        assert state is not None
        if state["load"] == "not-found":
            return ["no such unit"]
        problems = []
        if self.wanted["enabled"] is not None and state["enabled"] != self.wanted["enabled"]:
            problems.append("disabled" if self.wanted["enabled"] else "enabled")
        if self.wanted["running"] is not None and state["running"] != self.wanted["running"]:
            problems.append(state["active"] if self.wanted["running"] else "running")
        return problems

    def apply(self, state: State | None) -> None:
        """Enable and start, or the contrary."""
        self._set("enabled", self.wanted["enabled"])
        self._set("running", self.wanted["running"])

    def _set(self, what: str, wanted: bool | None) -> None:
        now = self.observe() or {}
        if wanted is None or now.get(what) == wanted:
            return
        verb = {"enabled": ("disable", "enable"), "running": ("stop", "start")}[what][wanted]
        if verb == "start" and now["active"] == "failed":
            run(["systemctl", "reset-failed", self.key], check=False)
        done = run(["systemctl", verb, self.key], check=False, timeout=180)
        if done.returncode != 0:
            words = last_words(self.key, self.wanted.get("log"))
            said = done.stderr.strip() or "failed"
            raise HostError(
                f"systemctl {verb} {self.key}: {said.splitlines()[0]}",
                details=words,
                hint=f"on the host: systemctl status {self.key}",
            )

    def restore(self, state: State) -> None:
        """Bring enablement and activity back; a unit that was not there is stopped and disabled."""
        now = self.observe() or {}
        if now.get("load") == "not-found":
            return
        fresh = state["load"] == "not-found"
        if self.wanted["running"] is not None:
            self._set("running", False if fresh else state["running"])
        if self.wanted["enabled"] is not None:
            self._set("enabled", False if fresh else state["enabled"])
        if fresh:
            run(["systemctl", "reset-failed", self.key], check=False)
