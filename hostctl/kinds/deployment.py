"""Which release of a service serves: two slots take turns, and a new one serves only when it has proved itself."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from hostctl import canary, checks, current, migrations
from hostctl.deploy_log import logged
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.file import merged_json
from hostctl.kinds.paths import attribute_differences, write_file
from hostctl.log_files import LogFiles
from hostctl.ownership import put_back, set_aside
from hostctl.proxy import Proxy
from hostctl.report import progress
from hostctl.run import run
from hostctl.slots import SLOTS, Slot, other
from hostctl.systemd import asked_at_once, tell


class Deployment(Kind):
    """The wanted release runs with the wanted settings in one of the slots, and connections are led to that one.

    A new release is started in the idle slot; when it is ready, one rename of the link to the socket moves all new
    connections. The old slot finishes what it has and stops when the whole transaction has succeeded: until then the
    undo is the same rename back. It keeps its release and settings, as the way back without Pulumi.

    One of a *release set* only puts the release into the idle slot: the set starts and switches all of its services.
    """

    name = "deployment"
    phase = Phase.SERVICES
    _logs: LogFiles | None = None
    """The service's logs since its last launch."""

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
        return [str(self.current.boot), *map(str, files)]

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
        proxy = Proxy(service=self.service, slot=name, units=current.UNITS, port_file=folder / "port.env")
        return Slot(
            name=name, service=self.service, root=Path(self.key), settings=settings, user=user, proxy=proxy
        )

    @property
    def release_set(self) -> str | None:
        """The release set that switches it, or None."""
        return self.wanted.get("release_set")

    @property
    def current(self) -> current.Current:
        """What leads to the slot that serves."""
        return current.Current(
            service=self.service,
            root=Path(self.key),
            serving=Path(self.wanted["current_socket"]),
            has_canary=bool(self.wanted.get("canary")),
        )

    @property
    def _releases(self) -> Path:
        return Path(self.key) / "releases"

    @property
    def _release(self) -> Path:
        return self._releases / self.version

    @property
    def _migrated(self) -> Path:
        return Path(self.key) / "migrated.json"

    def observe(self) -> State:
        """Which slot serves, which one would after a boot, and what is in each."""
        slots = [self.slot(name) for name in SLOTS]
        with asked_at_once(self.units):
            return self.current.observe(slots) | {"slots": {slot.name: slot.observe() for slot in slots}}

    def _label(self) -> State:
        return {
            "version": self.version,
            "artifact": self.wanted["artifact"],
            "unit": self.wanted["unit_digest"],
            "settings": self._settings_digest(),
        } | ({"mark": self.wanted["mark"]} if self.release_set else {})

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
        words = self.reasons(slot)
        if words and self.release_set and not self.reasons(state["slots"][other(serving)]):
            # all is done that is not for the set to do
            words = []
        elif not words and state["current"] != str(self._release):
            words.append(f"current leads to {state['current']}")
        if slot["settings"]["type"] == "file":
            attributes = attribute_differences(slot["settings"], self.slot(serving).attributes)
            words += [f"settings: {text}" for text in attributes]
        if not slot["running"]:
            words.append(f"{serving} is {slot['active']}")
        if state["boot"] != serving:
            words.append(f"after a boot {state['boot'] or 'nothing'} would serve")
        if self.current.has_canary and state.get("canary") != serving:
            words.append(f"the canary's share reaches {state.get('canary') or 'nothing'}")
        if state["slots"][other(serving)]["running"]:
            words.append(f"{other(serving)} runs besides")
        return words

    def reasons(self, slot: State) -> list[str]:
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
        reasons = self.reasons(state["slots"][serving])
        if reasons and self.release_set:
            return [
                f"put version {self.version} into {other(serving)}, for release set {self.release_set} to switch"
            ]
        if reasons:
            return [f"switch {self.service} from {serving} to {other(serving)} when that is ready"]
        return [] if state["slots"][serving]["running"] else [f"start {self.slot(serving).unit}"]

    def apply(self, state: State | None) -> None:
        """Start the release in the idle slot, wait until it is ready, switch; or mend what serves already."""
        assert state is not None
        serving = state["serving"]
        if serving and not self.reasons(state["slots"][serving]):
            self._mend(self.slot(serving), running=state["slots"][serving]["running"])
            return
        slot = self.slot(other(serving) if serving else SLOTS[0])
        if serving and self.release_set:
            self._fill(slot, {"held": True})
            self._mend(self.slot(serving), running=state["slots"][serving]["running"])
            return
        former = self.version_in(state, serving)
        with logged(
            self.deploy_log, self.service, former=former, version=self.version, slot=slot.name
        ) as entry:
            if serving:
                # a run that was broken off may have left it with a share of the requests
                self.current.lead_canary(self.slot(serving))
            self.take_overrides_away(state)
            self._fill(slot, {})
            self.migrate(slot)
            self.start(slot)
            if former and self._needs_trial(former):
                entry["canary"] = self._try(slot)
            self.current.lead(slot)

    def _log_files(self) -> LogFiles:
        # units that a former program applied name none
        return LogFiles(self.wanted.get("logs", ()))

    def _fill(self, slot: Slot, more: State) -> None:
        slot.stop()
        port = (self.wanted.get("slot_ports") or {}).get(slot.name)
        slot.fill(str(self._release), self._settings(), self._label() | more, port)

    @staticmethod
    def version_in(state: State, slot: str | None) -> str | None:
        """The version that a slot holds, as observed."""
        return (state["slots"][slot]["label"] or {}).get("version") if slot else None

    def _needs_trial(self, former: str) -> bool:
        """Whether it came to this host after the one that serves: the way back must be short."""
        digests = [self._releases / f"{version}.sha256" for version in (former, self.version)]
        if not self.current.has_canary or former == self.version:
            return False
        times = [digest.stat().st_mtime_ns for digest in digests if digest.is_file()]
        return len(times) < len(digests) or times[0] < times[1]

    def _try(self, slot: Slot) -> str:
        """Give the new release a share of the requests for a time; how it did. One that does worse is refused."""
        wanted = self.wanted["canary"]
        terms = canary.Terms.of(wanted)
        progress(f"  canary: {slot.unit} gets {wanted['share']}% of the requests for {terms.seconds:.0f} s")
        numbers = canary.trial(
            terms,
            log=Path(wanted["log"]),
            link=self.current.canary,
            begin=lambda: self.current.lead_canary(slot),
            is_alive=lambda: bool(slot.observe()["running"]),
        )
        progress(f"  canary: {numbers}")
        return numbers

    def take_overrides_away(self, state: State) -> None:
        """Set drop-ins aside that somebody made by hand: the next process is to start without them."""
        serving = state["serving"]
        paths = state["slots"][serving]["overrides"] if serving else []
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
        self.current.lead(slot)

    def migrate(self, slot: Slot) -> None:
        """What the release has to do to its database, before its first process."""
        limit = self.wanted.get("migration")
        if limit is not None:
            migrations.run_once(
                self._migrated,
                self.wanted["artifact"],
                service=self.service,
                slot=slot.name,
                version=self.version,
                limit=float(limit),
                logs=self._log_files(),
            )

    def start(self, slot: Slot) -> None:
        """Start what a slot holds, and wait until it is ready."""
        self.launch(slot)
        self.await_ready(slot)

    def launch(self, slot: Slot) -> None:
        """Start what a slot holds."""
        progress(f"  starting {slot.unit}")
        self._logs = self._log_files()
        tell("start", slot.unit, self._logs)

    def await_ready(self, slot: Slot) -> None:
        """Wait until it answers on its own socket; its death ends the waiting."""
        for path, timeout in self.wanted["health"]:
            check = {"type": "http", "socket": slot.socket, "path": path, "port": None, "host": "localhost"}
            checks.wait(check | {"status": 200, "timeout": timeout}, alive=slot.unit, logs=self._logs)

    def finish(self) -> None:
        """Let the old slot finish its requests and stop; nobody waits for that."""
        serving = self.current.observe([self.slot(name) for name in SLOTS])["serving"]
        if serving:
            # its ExecStop gives connections under way the time to arrive, then SIGINT lets it end what it has
            run(["systemctl", "stop", "--no-block", self.slot(other(serving)).unit], check=False)

    def restore(self, state: State) -> None:
        """Switch back to the slot that served, which still runs; or take everything away if there was none."""
        if state["serving"] is None:
            self._remove()
            return
        idle = self.slot(other(state["serving"]))
        self.go_back(state)
        idle.bring_back(state["slots"][idle.name])

    def go_back(self, state: State) -> None:
        """Lead to the slot that served, and end the other one, if it did not run then.

        After a run that was broken off a later one may have filled that slot: then it gets back what it held, and
        what serves meanwhile goes on until that is ready.
        """
        serving, now = self.slot(state["serving"]), self.observe()
        before, leads_to = state["slots"][serving.name], now["serving"]
        refilled = before["label"] is not None and not serving.holds(before)
        with contextlib.ExitStack() as noted:
            if leads_to is not None and (leads_to != serving.name or refilled):
                noted.enter_context(
                    logged(
                        self.deploy_log,
                        self.service,
                        former=self.version_in(now, leads_to),
                        version=self.version_in(state, serving.name),
                        slot=serving.name,
                        how="undo",
                        result="taken back",
                    )
                )
            self._lead_back(serving, state, now, refilled=refilled)

    def _lead_back(self, serving: Slot, state: State, now: State, *, refilled: bool) -> None:
        idle, before = self.slot(other(serving.name)), state["slots"][serving.name]
        if refilled:
            if now["serving"] == serving.name and now["slots"][idle.name]["running"]:
                self.current.lead(idle)
            serving.stop()
            serving.bring_back(before)
        if before["running"] and (refilled or not now["slots"][serving.name]["running"]):
            self.start(serving)
        self.current.lead(serving)
        if not state["slots"][idle.name]["running"]:
            idle.stop()
        for path in before["overrides"]:
            Path(path).parent.mkdir(exist_ok=True)
            put_back(Path(path))
        if before["overrides"]:
            run(["systemctl", "daemon-reload"])

    def _remove(self) -> None:
        for name in SLOTS:
            self.slot(name).stop()
            self.slot(name).empty()
        self.current.remove()
        self._migrated.unlink(missing_ok=True)
        folder = Path(self.key) / "slots"
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
