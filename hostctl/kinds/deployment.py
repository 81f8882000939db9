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
from hostctl.kinds.paths import attribute_differences, write_file, write_symlink
from hostctl.ownership import put_back, set_aside
from hostctl.proxy import Proxy
from hostctl.report import progress
from hostctl.run import run
from hostctl.slots import SLOTS, Slot, other, target
from hostctl.store import Store
from hostctl.systemd import tell

UNITS = Path("/etc/systemd/system")


class Deployment(Kind):
    """The wanted release runs with the wanted settings in one of the slots, and connections are led to that one.

    A new release is started in the idle slot; when it is ready, one rename of the link to the socket moves all new
    connections. The old slot finishes what it has and stops when the whole transaction has succeeded: until then the
    undo is the same rename back. It keeps its release and settings, as the way back without Pulumi.
    """

    name = "deployment"
    phase = Phase.SERVICES

    @property
    def key(self) -> str:
        """Where releases and slots are."""
        return str(self.wanted["root"])

    @property
    def units(self) -> list[str]:
        """Both slots, and the sockets of those that have one of their own."""
        slots = [self.slot(name) for name in SLOTS]
        return [s.unit for s in slots] + [s.proxy.socket_unit for s in slots if s.proxy.exists()]

    @property
    def paths(self) -> list[str]:
        """What it writes beside its folder."""
        slots = [self.slot(name) for name in SLOTS]
        files = [path for slot in slots for path in (slot.settings, *slot.proxy.files)]
        return [str(self._boot), *map(str, files)]

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

    def slot(self, name: str) -> Slot:
        """One of the two slots."""
        folder = Path(self.wanted["config_directory"]) / name
        settings, user = folder / str(self.wanted["settings_file"]), str(self.wanted["user"])
        proxy = Proxy(service=self.service, slot=name, units=UNITS, port_file=folder / "port.env")
        return Slot(
            name=name, service=self.service, root=Path(self.key), settings=settings, user=user, proxy=proxy
        )

    @property
    def _release(self) -> Path:
        return Path(self.key) / "releases" / self.version

    @property
    def _serving(self) -> Path:
        return Path(self.wanted["current_socket"])

    @property
    def _current(self) -> Path:
        return Path(self.key) / "current"

    @property
    def _migrated(self) -> Path:
        return Path(self.key) / "migrated.json"

    @property
    def _boot(self) -> Path:
        """The drop-in that says which slot a start of the service starts: at boot it also claims the link."""
        return UNITS / f"{self.service}.service.d" / "slot.conf"

    def observe(self) -> State | None:
        """Which slot serves, which one would after a boot, and what is in each."""
        leads_to, boot = target(self._serving), self._boot.read_text() if self._boot.is_file() else ""
        return {
            "serving": next((name for name in SLOTS if self.slot(name).socket == leads_to), None),
            "boot": next((name for name in SLOTS if self.slot(name).unit in boot), None),
            "current": target(self._current),
            "slots": {name: self.slot(name).observe() for name in SLOTS},
        }

    def _label(self) -> State:
        return {
            "version": self.version,
            "artifact": self.wanted["artifact"],
            "unit": self.wanted["unit_digest"],
            "settings": self._settings_digest(),
        }

    def _settings_digest(self) -> str:
        if "settings" not in self.wanted:
            return str(self.wanted["settings_sha256"])
        return hashlib.sha256(self._settings()).hexdigest()

    def _settings(self) -> bytes:
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
        if state["current"] != str(self._release) and not words:
            words.append(f"current leads to {state['current']}")
        if slot["settings"]["type"] == "file":
            attributes = attribute_differences(slot["settings"], self.slot(serving).attributes)
            words += [f"settings: {text}" for text in attributes]
        if not slot["running"]:
            words.append(f"{serving} is {slot['active']}")
        if state["boot"] != serving:
            words.append(f"after a boot {state['boot'] or 'nothing'} would serve")
        if state["slots"][other(serving)]["running"]:
            words.append(f"{other(serving)} runs besides")
        return words

    def _reasons(self, slot: State) -> list[str]:
        """Why the slot must be left for the other one: processes do not change what they were started from."""
        label, wanted = slot["label"] or {}, self._label()
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
        elif label.get("proxy", {}) != {path: s.get("sha256") for path, s in slot["proxy"].items()}:
            words.append("units of its socket and port were changed")
        return words + [f"overridden by {path}" for path in slot["overrides"]]

    def effects(self, state: State | None) -> list[str]:
        """What people who watch the service will see."""
        assert state is not None
        serving = state["serving"]
        if serving is None:
            return [f"start {self.slot(SLOTS[0]).unit}"]
        if self._reasons(state["slots"][serving]):
            return [f"switch {self.service} from {serving} to {other(serving)} when that is ready"]
        return [] if state["slots"][serving]["running"] else [f"start {self.slot(serving).unit}"]

    def apply(self, state: State | None) -> None:
        """Start the release in the idle slot, wait until it is ready, switch; or mend what serves already."""
        assert state is not None
        serving = state["serving"]
        if serving and not self._reasons(state["slots"][serving]):
            self._mend(self.slot(serving), running=state["slots"][serving]["running"])
            return
        former = (state["slots"][serving]["label"] or {}).get("version") if serving else None
        slot = self.slot(other(serving) if serving else SLOTS[0])
        with logged(self.deploy_log, self.service, former=former, version=self.version, slot=slot.name):
            self._take_overrides_away(state["slots"][serving]["overrides"] if serving else [])
            slot.stop()
            port = (self.wanted.get("slot_ports") or {}).get(slot.name)
            slot.fill(str(self._release), self._settings(), self._label(), port)
            self._migrate(slot)
            self.start(slot)
            self.switch(slot)

    def _take_overrides_away(self, paths: list[str]) -> None:
        for path in paths:
            set_aside(Path(path))
        if paths:
            run(["systemctl", "daemon-reload"])

    def _mend(self, slot: Slot, *, running: bool) -> None:
        write_file(slot.settings, slot.settings.read_bytes(), **slot.attributes)
        if not running:
            if slot.proxy.exists():
                # systemd starts no socket whose service runs
                run(["systemctl", "stop", slot.proxy.service_unit], check=False)
            run(["systemctl", "reset-failed", slot.unit], check=False)
            self.start(slot)
        self.switch(slot)

    def _migrate(self, slot: Slot) -> None:
        """Once for each release, before its first process; it must suit the release that serves still."""
        limit = self.wanted.get("migration")
        done: list[str] = json.loads(self._migrated.read_text()) if self._migrated.is_file() else []
        if limit is None or self.wanted["artifact"] in done:
            return
        unit = f"{self.service}-migrate@{slot.name}.service"
        with Store().lock(f"migrate-{self.service}"):
            progress(f"  migrating the database for version {self.version}: {limit:.0f} s at most")
            try:
                tell("start", unit, self.wanted["log"], timeout=float(limit) + 30)
            finally:
                run(["systemctl", "reset-failed", unit], check=False)
        text = json.dumps([*done, self.wanted["artifact"]]).encode()
        write_file(self._migrated, text, mode="0644", owner="root", group="root")

    def start(self, slot: Slot) -> None:
        """Start what a slot holds, and wait until it answers on its own socket; its death ends the waiting."""
        progress(f"  starting {slot.unit}")
        tell("start", slot.unit, self.wanted["log"])
        for path, timeout in self.wanted["health"]:
            check = {"type": "http", "socket": slot.socket, "path": path, "port": None, "host": "localhost"}
            check |= {"status": 200, "timeout": timeout, "log": self.wanted["log"]}
            checks.wait(check, alive=slot.unit)

    def switch(self, slot: Slot) -> None:
        """From the first rename on new connections reach this slot; the rest is for the next boot and for people."""
        if target(self._serving) != slot.socket:
            write_symlink(self._serving, slot.socket)
            progress(f"  {slot.unit} serves")
        text = f"# Managed by the dhanman deployment.\n[Unit]\nWants={slot.unit}\n".encode()
        if not self._boot.is_file() or self._boot.read_bytes() != text:
            write_file(self._boot, text, mode="0644", owner="root", group="root")
            run(["systemctl", "daemon-reload"])
        write_symlink(self._current, str(target(slot.link)))

    def finish(self) -> None:
        """Let the old slot finish its requests and stop; nobody waits for that."""
        serving = (self.observe() or {}).get("serving")
        if serving:
            # its ExecStop gives connections under way the time to arrive, then SIGINT lets it end what it has
            run(["systemctl", "stop", "--no-block", self.slot(other(serving)).unit], check=False)

    def restore(self, state: State) -> None:
        """Switch back to the slot that served, which still runs; or take everything away if there was none."""
        if state["serving"] is None:
            self._remove()
            return
        serving, idle = self.slot(state["serving"]), self.slot(other(state["serving"]))
        before = state["slots"][serving.name]
        if target(self._serving) == idle.socket:
            entry = {"service": self.service, "from": self.version, "slot": serving.name}
            write(
                self.deploy_log,
                entry | {"to": (before["label"] or {}).get("version"), "result": "taken back"},
            )
        if before["running"] and not serving.observe()["running"]:
            self.start(serving)
        self.switch(serving)
        if not state["slots"][idle.name]["running"]:
            idle.stop()
        idle.bring_back(state["slots"][idle.name])
        for path in before["overrides"]:
            Path(path).parent.mkdir(exist_ok=True)
            put_back(Path(path))
        if before["overrides"]:
            run(["systemctl", "daemon-reload"])

    def _remove(self) -> None:
        for name in SLOTS:
            self.slot(name).stop()
            self.slot(name).empty()
        for path in (self._serving, self._current, self._migrated, self._boot):
            path.unlink(missing_ok=True)
        for folder in (self._boot.parent, Path(self.key) / "slots"):
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
