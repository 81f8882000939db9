"""Which release of a service serves: two slots take turns, and a new one serves only when it has proved itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hostctl import checks
from hostctl.deploy_log import logged, write
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.file import merged_json
from hostctl.kinds.paths import (
    attribute_differences,
    observe_path,
    restore_path,
    write_file,
    write_symlink,
)
from hostctl.kinds.service import UP, overrides
from hostctl.ownership import set_aside
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store
from hostctl.systemd import properties, tell

SLOTS = ("blue", "green")


class Deployment(Kind):
    """The wanted release runs with the wanted settings in one of the slots, and connections are led to that one.

    A slot is a systemd unit of its own with its own link to a release, its own settings file and its own socket. What
    it was started from is written beside it (its *label*). A new release is started in the idle slot; when it is
    ready, one rename of the link to the socket moves all new connections; the old slot finishes what it has and
    stops, when the whole transaction has succeeded. Until then the undo is the same rename back.
    """

    name = "deployment"
    phase = Phase.SERVICES

    @property
    def key(self) -> str:
        """Where releases and slots are."""
        return str(self.wanted["root"])

    @property
    def units(self) -> list[str]:
        """Both slots."""
        return [self.unit(slot) for slot in SLOTS]

    @property
    def paths(self) -> list[str]:
        """What it writes beside its folder."""
        return [str(self._boot), *(str(self._settings(slot)) for slot in SLOTS)]

    @property
    def _root(self) -> Path:
        return Path(self.key)

    @property
    def _release(self) -> Path:
        return self._root / "releases" / self.version

    @property
    def _serving(self) -> Path:
        return Path(self.wanted["current_socket"])

    @property
    def _boot(self) -> Path:
        """The drop-in that says which slot a start of the service starts: at boot it also claims the link."""
        return Path("/etc/systemd/system") / f"{self.service}.service.d" / "slot.conf"

    @property
    def service(self) -> str:
        """Name of the service's units."""
        return str(self.wanted["service"])

    @property
    def version(self) -> str:
        """The wanted version."""
        return str(self.wanted["version"])

    @property
    def deploy_log(self) -> str:
        """Path of the log of deployments."""
        return str(self.wanted["deploy_log"])

    def unit(self, slot: str) -> str:
        """The systemd unit of a slot."""
        return f"{self.service}@{slot}.service"

    def socket(self, slot: str) -> str:
        """Where a slot listens."""
        return f"/run/{self.service}-{slot}/http.sock"

    def _link(self, slot: str) -> Path:
        return self._root / "slots" / slot

    def _label(self, slot: str) -> Path:
        return self._root / "slots" / f"{slot}.json"

    def _settings(self, slot: str) -> Path:
        return Path(self.wanted["config_directory"]) / slot / str(self.wanted["settings_file"])

    @property
    def _attributes(self) -> dict[str, str]:
        return {"mode": "0400", "owner": str(self.wanted["user"]), "group": str(self.wanted["user"])}

    def observe(self) -> State | None:
        """Which slot serves, which one would after a boot, and what is in each."""
        link = self._serving.readlink() if self._serving.is_symlink() else None
        serving = next((slot for slot in SLOTS if link and str(link) == self.socket(slot)), None)
        boot = self._boot.read_text() if self._boot.is_file() else ""
        return {
            "serving": serving,
            "boot": next((slot for slot in SLOTS if self.unit(slot) in boot), None),
            "current": _target(self._root / "current"),
            "slots": {slot: self._observe_slot(slot) for slot in SLOTS},
        }

    def _observe_slot(self, slot: str) -> State:
        shown = properties(self.unit(slot))
        active, dying = shown.get("ActiveState", "inactive"), shown.get("SubState") == "auto-restart"
        try:
            label: State | None = json.loads(self._label(slot).read_text())
        except (OSError, ValueError):
            label = None
        return {
            "active": "dying and restarting" if dying else active,
            "running": active in UP and not dying,
            "release": _target(self._link(slot)),
            "settings": observe_path(self._settings(slot), content=True),
            "label": label,
            "overrides": overrides(shown.get("DropInPaths", "")),
        }

    def _wanted_label(self) -> State:
        return {
            "version": self.version,
            "artifact": self.wanted["artifact"],
            "unit": self.wanted["unit_digest"],
            "settings": self._settings_digest(),
        }

    def _settings_digest(self) -> str:
        if "settings" not in self.wanted:
            return str(self.wanted["settings_sha256"])
        return hashlib.sha256(self._content()).hexdigest()

    def _content(self) -> bytes:
        base = self._release / f"{self.wanted['settings_file']}.artifact"
        return merged_json(base, self.wanted["settings"]).encode()

    def differs(self, state: State | None) -> list[str]:
        """What serves instead, or does not, and what a boot or an old slot would do."""
        assert state is not None
        serving = state["serving"]
        if serving is None:
            return ["nothing serves" if state["boot"] else "missing"]
        slot = state["slots"][serving]
        words = self._reasons(slot)
        if slot["settings"]["type"] == "file":
            words += [
                f"settings: {text}" for text in attribute_differences(slot["settings"], self._attributes)
            ]
        if not slot["running"]:
            words.append(f"{serving} is {slot['active']}")
        if state["boot"] != serving:
            words.append(f"after a boot {state['boot'] or 'nothing'} would serve")
        if state["current"] != str(self._release) and not words:
            words.append(f"current leads to {state['current']}")
        if state["slots"][other(serving)]["running"]:
            words.append(f"{other(serving)} runs besides")
        return words

    def _reasons(self, slot: State) -> list[str]:
        """Why the slot must be left for the other one: processes do not change what they were started from."""
        label, wanted = slot["label"] or {}, self._wanted_label()
        words = []
        if label.get("version") != wanted["version"]:
            words.append(f"version {label.get('version')} -> {wanted['version']}")
        elif label.get("artifact") != wanted["artifact"] or slot["release"] != str(self._release):
            words.append("another release under the same version")
        elif label.get("settings") != wanted["settings"]:
            words.append("settings")
        elif slot["settings"].get("sha256") != wanted["settings"]:
            words.append("settings were changed")
        if label.get("unit") != wanted["unit"]:
            words.append("limits and options of its process")
        return words + [f"overridden by {path}" for path in slot["overrides"]]

    def effects(self, state: State | None) -> list[str]:
        """What people who watch the service will see."""
        assert state is not None
        serving, service = state["serving"], self.service
        if serving is None:
            return [f"start {self.unit(state['boot'] or SLOTS[0])}"]
        if self._reasons(state["slots"][serving]):
            return [f"switch {service} from {serving} to {other(serving)} when that is ready"]
        return [] if state["slots"][serving]["running"] else [f"start {self.unit(serving)}"]

    def apply(self, state: State | None) -> None:
        """Start the release in the idle slot, wait until it is ready, switch; or mend what serves already."""
        assert state is not None
        serving = state["serving"]
        for path in state["slots"][serving]["overrides"] if serving else ():
            set_aside(Path(path))
        if serving and not self._reasons(state["slots"][serving] | {"overrides": []}):
            self._mend(serving, state)
            return
        slot = other(serving) if serving else SLOTS[0]
        former = (state["slots"][serving]["label"] or {}).get("version") if serving else None
        with logged(self.deploy_log, self.service, former=former, version=self.version, slot=slot):
            self._prepare(slot)
            self._migrate(slot)
            self.start(slot)
            self.wait_ready(slot)
            self.switch(slot)

    def _mend(self, serving: str, state: State) -> None:
        write_file(self._settings(serving), self._settings(serving).read_bytes(), **self._attributes)
        if any(state["slots"][serving]["overrides"]):
            run(["systemctl", "daemon-reload"])
            tell("restart", self.unit(serving), self.wanted["log"])
        if not state["slots"][serving]["running"]:
            run(["systemctl", "reset-failed", self.unit(serving)], check=False)
            tell("start", self.unit(serving), self.wanted["log"])
        self.wait_ready(serving)
        self.switch(serving)

    def _prepare(self, slot: str) -> None:
        run(["systemctl", "stop", self.unit(slot)], check=False, timeout=180)
        run(["systemctl", "reset-failed", self.unit(slot)], check=False)
        write_file(self._settings(slot), self._content(), **self._attributes)
        write_symlink(self._link(slot), str(self._release))
        label = json.dumps(self._wanted_label()).encode()
        write_file(self._label(slot), label, mode="0644", owner="root", group="root")

    def _migrate(self, slot: str) -> None:
        """Once for each release, before its first process; whatever it does must suit the release that serves still."""
        limit = self.wanted.get("migration")
        done = self._root / "migrated.json"
        artifacts: list[str] = json.loads(done.read_text()) if done.is_file() else []
        if limit is None or self.wanted["artifact"] in artifacts:
            return
        unit = f"{self.service}-migrate@{slot}.service"
        with Store().lock(f"migrate-{self.service}"):
            progress(f"  migrating the database for version {self.version}: {limit:.0f} s at most")
            try:
                tell("start", unit, self.wanted["log"], timeout=float(limit) + 30)
            finally:
                run(["systemctl", "reset-failed", unit], check=False)
        text = json.dumps([*artifacts, self.wanted["artifact"]]).encode()
        write_file(done, text, mode="0644", owner="root", group="root")

    def can_start(self, slot: str) -> bool:
        """Whether a slot still holds a whole release with its settings."""
        return self._link(slot).is_dir() and self._settings(slot).is_file() and self._label(slot).is_file()

    def start(self, slot: str) -> None:
        """Start what a slot holds."""
        progress(f"  starting {self.unit(slot)}")
        tell("start", self.unit(slot), self.wanted["log"])

    def wait_ready(self, slot: str) -> None:
        """Wait until a slot answers on its own socket; it fails at once if the process ends."""
        for path, timeout in self.wanted["health"]:
            check = {"type": "http", "socket": self.socket(slot), "path": path, "port": None}
            check |= {"host": "localhost", "status": 200, "timeout": timeout, "log": self.wanted["log"]}
            checks.wait(check, alive=self.unit(slot))

    def switch(self, slot: str) -> None:
        """From the first rename on new connections reach this slot; the rest is for the next boot and for people."""
        if not self._serving.is_symlink() or str(self._serving.readlink()) != self.socket(slot):
            write_symlink(self._serving, self.socket(slot))
            progress(f"  {self.unit(slot)} serves")
        self._remember_slot(slot)
        write_symlink(self._root / "current", str(_target(self._link(slot))))

    def _remember_slot(self, slot: str) -> None:
        text = f"# Managed by the dhanman deployment.\n[Unit]\nWants={self.unit(slot)}\n".encode()
        if not self._boot.is_file() or self._boot.read_bytes() != text:
            write_file(self._boot, text, mode="0644", owner="root", group="root")
            run(["systemctl", "daemon-reload"])

    def finish(self) -> None:
        """Let the old slot finish its requests and stop; nobody waits for that."""
        serving = (self.observe() or {}).get("serving")
        if serving:
            # its ExecStop gives connections under way the time to arrive, then SIGINT lets it end what it has
            run(["systemctl", "stop", "--no-block", self.unit(other(serving))], check=False)

    def restore(self, state: State) -> None:
        """Switch back to the slot that served, which still runs; or take everything away if there was none."""
        if state["serving"] is None:
            self._remove()
            return
        serving, idle = state["serving"], other(state["serving"])
        if self._serving.is_symlink() and str(self._serving.readlink()) == self.socket(idle):
            entry = {"service": self.service, "from": self.version, "slot": serving}
            former = (state["slots"][serving]["label"] or {}).get("version")
            write(self.deploy_log, entry | {"to": former, "result": "taken back"})
        if not (self.observe() or {})["slots"][serving]["running"] and state["slots"][serving]["running"]:
            tell("start", self.unit(serving), self.wanted["log"])
            self.wait_ready(serving)
        write_symlink(self._serving, self.socket(serving))
        self._remember_slot(serving)
        if state["current"]:
            write_symlink(self._root / "current", state["current"])
        if not state["slots"][idle]["running"]:
            run(["systemctl", "stop", self.unit(idle)], check=False, timeout=180)
            run(["systemctl", "reset-failed", self.unit(idle)], check=False)
        self._put_back(idle, state["slots"][idle])

    def _put_back(self, slot: str, state: State) -> None:
        """What was in the idle slot is what a way back without Pulumi leads to."""
        if state["release"] is None or state["settings"]["type"] != "file" or state["label"] is None:
            for path in (self._link(slot), self._settings(slot), self._label(slot)):
                path.unlink(missing_ok=True)
            return
        restore_path(self._settings(slot), state["settings"])
        write_symlink(self._link(slot), state["release"])
        label = json.dumps(state["label"]).encode()
        write_file(self._label(slot), label, mode="0644", owner="root", group="root")

    def _remove(self) -> None:
        for slot in SLOTS:
            run(["systemctl", "stop", self.unit(slot)], check=False, timeout=180)
            run(["systemctl", "reset-failed", self.unit(slot)], check=False)
            for path in (self._link(slot), self._settings(slot), self._label(slot)):
                path.unlink(missing_ok=True)
        for path in (self._serving, self._root / "current", self._root / "migrated.json", self._boot):
            path.unlink(missing_ok=True)
        for folder in (self._boot.parent, self._root / "slots"):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        run(["systemctl", "daemon-reload"])

    def foreign(self, state: State) -> bool:
        """A service in our slots that is in no manifest."""
        return state["serving"] is not None

    def record(self) -> dict[str, Any]:
        """With the digest in place of the settings."""
        kept = {k: v for k, v in super().record().items() if k != "settings"}
        return kept | {"settings_sha256": self._settings_digest()}


def other(slot: str) -> str:
    """The slot that is not this one."""
    return SLOTS[1 - SLOTS.index(slot)]


def _target(link: Path) -> str | None:
    return str(link.readlink()) if link.is_symlink() else None
