"""Two slots that take turns: over files of a test, with a systemd that only remembers what runs."""

from __future__ import annotations

import contextlib
import getpass
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostctl import checks, current, migrations, proxy, slots
from hostctl.errors import HostError
from hostctl.kinds import build, deployment
from hostctl.kinds.deployment import Deployment
from hostctl.log_files import LogFiles
from hostctl.store import Store
from tests.hostctl.tools import Tools

SERVICE = "dhanman-sales-qa"


class Host:
    """What runs, what was done in which order, and which processes die or never get ready."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.running: set[str] = set()
        self.steps: list[str] = []
        self.refused: set[str] = set()
        self.drop_ins = ""
        self.shown = ""
        self.deaf: set[str] = set()
        self.said = ""

    def properties(self, unit: str) -> dict[str, str]:
        process = unit.replace("-proxy@", "@").replace(".socket", ".service")
        state = "active" if process in self.running and unit not in self.deaf else "inactive"
        return {"ActiveState": state, "SubState": "running", "DropInPaths": self.drop_ins}

    def tell(self, verb: str, unit: str, logs: LogFiles, **_: Any) -> None:
        self.steps.append(f"{verb} {unit}")
        if f"{verb} {unit}" in self.refused:
            raise HostError(f"systemctl {verb} {unit}: failed")
        self.running.add(unit)
        self.deaf.clear()
        with (self.root / "log/sales.log").open("a") as log:
            log.write(f"{unit} starts\n")

    def run(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if argv[1] == "stop":
            self.running -= set(argv)
        if argv[1] in ("stop", "daemon-reload"):
            self.steps.append(" ".join(a for a in argv[1:] if a != "--no-block"))
        return subprocess.CompletedProcess(argv, 0, self.shown if argv[1] == "show" else "", "")

    def wait(self, check: dict[str, Any], *, logs: LogFiles, **_: Any) -> None:
        self.said = logs.words()
        self.steps.append(f"ask {check['socket'].split('/')[2]} {check['path']}")
        if check["path"] in self.refused:
            raise HostError(f"not within 1 s: {check['path']}")

    @property
    def serving(self) -> str:
        return slots.target(self.root / "run/sales.sock") or "nothing"

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.root / "deploys.log").read_text().splitlines()]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools, store: Store) -> Host:
    return make_host(tmp_path, monkeypatch)


def make_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """With three releases, and its systemd in the place of the real one."""
    made = Host(tmp_path)
    for module in (current, deployment, migrations, proxy, slots):
        monkeypatch.setattr(module, "run", made.run)
    monkeypatch.setattr(slots, "properties", made.properties)
    for module in (deployment, migrations):
        monkeypatch.setattr(module, "tell", made.tell)
    monkeypatch.setattr(checks, "wait", made.wait)
    monkeypatch.setattr(current, "UNITS", tmp_path / "units")
    (tmp_path / "log").mkdir()
    for version in ("1", "2", "3"):
        (tmp_path / "sales/releases" / version).mkdir(parents=True)
    for slot in slots.SLOTS:
        (tmp_path / "etc" / slot).mkdir(parents=True)
    return made


def thing(host: Host, version: str = "1", **changes: Any) -> Deployment:
    wanted = {
        "kind": "deployment",
        "root": str(host.root / "sales"),
        "service": SERVICE,
        "version": version,
        "artifact": f"digest-of-{version}",
        "settings": '{"Password": "not-to-be-shown"}',
        "settings_file": "appsettings.QA.json",
        "config_directory": str(host.root / "etc"),
        "user": getpass.getuser(),
        "current_socket": str(host.root / "run/sales.sock"),
        "unit_digest": "unit",
        "health": [["/health/startup", 1], ["/health/ready", 1]],
        "logs": [str(host.root / "log/sales.log"), str(host.root / "log/sales.error.log")],
        "deploy_log": str(host.root / "deploys.log"),
    }
    made = build(wanted | changes)
    assert isinstance(made, Deployment)
    return made


def deploy(host: Host, version: str = "1", **changes: Any) -> Deployment:
    made = thing(host, version, **changes)
    made.apply(made.observe())
    made.finish()
    host.steps.clear()
    return made


def test_the_first_release_starts_and_serves(host: Host) -> None:
    first = thing(host)
    assert first.differs(first.observe()) == ["missing"]
    first.apply(first.observe())
    assert first.differs(first.observe()) == []
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    assert slots.target(host.root / "sales/current") == str(host.root / "sales/releases/1")


def test_a_new_release_is_ready_beside_the_old_one_before_it_serves(host: Host) -> None:
    deploy(host)
    second = thing(host, "2")
    assert second.differs(second.observe()) == ["version 1 -> 2"]
    assert second.effects(second.observe()) == [f"switch {SERVICE} from blue to green when that is ready"]
    second.apply(second.observe())
    assert host.steps[1:4] == [
        f"start {SERVICE}@green.service",
        f"ask {SERVICE}-green /health/startup",
        f"ask {SERVICE}-green /health/ready",
    ]
    assert host.serving == f"/run/{SERVICE}-green/http.sock"
    assert f"{SERVICE}@blue.service" in host.running, "it stops when the whole transaction has succeeded"
    second.finish()
    assert host.running == {f"{SERVICE}@green.service"}
    assert second.differs(second.observe()) == []


def test_slots_take_turns_and_keep_settings_of_their_own(host: Host) -> None:
    deploy(host)
    deploy(host, "2", settings='{"Password": "other"}')
    blue, green = (host.root / f"etc/{name}/appsettings.QA.json" for name in slots.SLOTS)
    assert json.loads(blue.read_text())["Password"] == "not-to-be-shown"
    assert json.loads(green.read_text())["Password"] == "other"
    assert green.stat().st_mode & 0o777 == 0o400
    deploy(host, "3")
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"


@pytest.mark.parametrize("refusal", [f"start {SERVICE}@green.service", "/health/startup", "/health/ready"])
def test_a_release_that_does_not_get_ready_never_serves_and_leaves_no_trace(host: Host, refusal: str) -> None:
    deploy(host)
    host.refused = {refusal}
    second = thing(host, "2")
    before = second.observe()
    assert before
    with pytest.raises(HostError):
        second.apply(before)
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    second.restore(before)
    assert host.running == {f"{SERVICE}@blue.service"}
    assert thing(host).differs(thing(host).observe()) == []
    assert second.observe() == before
    assert [entry["result"] for entry in host.log()] == ["serves", "refused"]


def test_while_a_release_is_waited_for_only_what_is_logged_since_its_start_counts(host: Host) -> None:
    deploy(host)
    (host.root / "log/sales.error.log").write_text("what an older release died of\n")
    thing(host, "2").apply(thing(host, "2").observe())
    assert (
        host.said == f"    last lines of {host.root / 'log/sales.log'}:\n    {SERVICE}@green.service starts"
    )


def test_an_undo_after_the_switch_goes_back_to_the_slot_that_still_runs(host: Host) -> None:
    deploy(host)
    second = thing(host, "2")
    before = second.observe()
    assert before
    second.apply(before)
    host.steps.clear()
    second.restore(before)
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    assert not [step for step in host.steps if step.startswith("start")], "it never stopped"
    assert second.observe() == before
    taken_back = host.log()[-1]
    assert (taken_back["what"], taken_back["result"]) == ("undo", "taken back")
    assert (taken_back["from"], taken_back["to"]) == ("2", "1")


def test_an_undo_to_before_a_run_that_was_broken_off_brings_that_release_back_though_its_slot_was_refilled(
    host: Host,
) -> None:
    deploy(host)
    second = thing(host, "2")
    before = second.observe()
    assert before
    second.apply(before)
    # a power cut after the switch: nothing was finished, blue is down, and the journal leads back to it
    host.running = {f"{SERVICE}@green.service"}
    host.refused = {"/health/ready"}
    third = thing(host, "3")
    with pytest.raises(HostError):
        third.apply(third.observe())
    host.refused.clear()
    host.steps.clear()
    third.restore(before)
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    assert json.loads((host.root / "sales/slots/blue.json").read_text())["version"] == "1"
    assert host.steps.index(f"ask {SERVICE}-blue /health/ready") < host.steps.index(
        f"stop {SERVICE}@green.service"
    ), "what serves goes on until the other is ready"
    assert third.observe() == before


def test_an_undo_keeps_what_the_idle_slot_held_before(host: Host) -> None:
    deploy(host)
    deploy(host, "2")
    third = thing(host, "3")
    before = third.observe()
    assert before
    third.apply(before)
    third.restore(before)
    label = json.loads((host.root / "sales/slots/blue.json").read_text())
    assert label["version"] == "1", "the way back without Pulumi"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"settings": '{"Password": "other"}'}, "settings"),
        ({"unit_digest": "other"}, "limits and options of its process"),
        ({"artifact": "other"}, "another release under the same version"),
    ],
)
def test_what_a_process_was_started_from_asks_for_a_new_one(
    host: Host, changes: dict[str, str], word: str
) -> None:
    deploy(host)
    changed = thing(host, **changes)
    assert changed.differs(changed.observe()) == [word]
    changed.apply(changed.observe())
    assert host.serving == f"/run/{SERVICE}-green/http.sock"


def test_settings_that_were_edited_by_hand_are_replaced_by_a_switch_and_never_shown(host: Host) -> None:
    deployed = deploy(host)
    file = host.root / "etc/blue/appsettings.QA.json"
    file.chmod(0o600)
    file.write_text('{"Password": "by hand"}')
    words = build(deployed.record() | {"kind": "deployment"})
    assert words.differs(words.observe()) == ["settings were changed", "settings: mode 0600 -> 0400"]
    deployed.apply(deployed.observe())
    assert host.serving == f"/run/{SERVICE}-green/http.sock"


def test_a_mode_alone_is_mended_in_place(host: Host) -> None:
    deployed = deploy(host)
    (host.root / "etc/blue/appsettings.QA.json").chmod(0o644)
    assert deployed.differs(deployed.observe()) == ["settings: mode 0644 -> 0400"]
    deployed.apply(deployed.observe())
    assert deployed.differs(deployed.observe()) == []
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"


def test_a_stopped_slot_is_started_again_and_not_replaced(host: Host) -> None:
    deployed = deploy(host)
    host.running.clear()
    assert deployed.differs(deployed.observe()) == ["blue is inactive"]
    assert deployed.effects(deployed.observe()) == [f"start {SERVICE}@blue.service"]
    deployed.apply(deployed.observe())
    assert host.steps[0] == f"start {SERVICE}@blue.service"
    assert deployed.differs(deployed.observe()) == []


def test_an_old_slot_that_was_left_running_is_a_difference_and_ends(host: Host) -> None:
    deployed = deploy(host)
    host.running.add(f"{SERVICE}@green.service")
    assert deployed.differs(deployed.observe()) == ["green runs besides"]
    deployed.apply(deployed.observe())
    deployed.finish()
    assert deployed.differs(deployed.observe()) == []


def test_a_boot_starts_the_slot_that_serves(host: Host) -> None:
    deploy(host)
    deployed = deploy(host, "2")
    drop_in = host.root / f"units/{SERVICE}.service.d/slot.conf"
    assert f"Wants={SERVICE}@green.service" in drop_in.read_text()
    drop_in.write_text(f"[Unit]\nWants={SERVICE}@blue.service\n")
    assert deployed.differs(deployed.observe()) == ["after a boot blue would serve"]
    deployed.apply(deployed.observe())
    assert deployed.differs(deployed.observe()) == []


def test_a_drop_in_made_by_hand_goes_by_a_switch_and_comes_back_with_an_undo(host: Host) -> None:
    deployed = deploy(host)
    override = host.root / "override.conf"
    override.write_text("[Service]\nNice=5\n")
    before = deployed.observe()
    assert before
    before["slots"]["blue"]["overrides"] = [str(override)]
    assert deployed.differs(before) == [f"overridden by {override}"]
    deployed.apply(before)
    assert not override.exists()
    assert host.steps[0] == "daemon-reload"
    deployed.restore(before)
    assert override.read_text() == "[Service]\nNice=5\n"


def test_a_migration_runs_once_for_a_release_before_its_first_process(host: Host) -> None:
    deploy(host)
    second = thing(host, "2", migration=60)
    second.apply(second.observe())
    migration, start = f"start {SERVICE}-migrate@green.service", f"start {SERVICE}@green.service"
    assert host.steps.index(migration) < host.steps.index(start)
    second.finish()
    host.steps.clear()
    deploy(host)
    again = thing(host, "2", migration=60)
    again.apply(again.observe())
    assert migration not in host.steps


def test_a_migration_that_fails_is_no_switch_and_is_tried_again(host: Host) -> None:
    deploy(host)
    migration = f"start {SERVICE}-migrate@green.service"
    host.refused = {migration}
    second = thing(host, "2", migration=60)
    with pytest.raises(HostError):
        second.apply(second.observe())
    assert f"start {SERVICE}@green.service" not in host.steps
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    host.refused = set()
    second.apply(second.observe())
    assert host.steps.count(migration) == 2


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("Result=timeout\nExecMainStatus=15\n", "did not end within 60 s and was ended"),
        ("Result=exit-code\nExecMainStatus=3\n", "failed with exit status 3"),
        ("Result=resources\n", f"failed: systemctl start {SERVICE}-migrate@blue.service: failed"),
    ],
)
def test_a_migration_that_fails_says_how(host: Host, shown: str, words: str) -> None:
    host.refused, host.shown = {f"start {SERVICE}-migrate@blue.service"}, shown
    first = thing(host, migration=60)
    with pytest.raises(HostError) as refused:
        first.apply(first.observe())
    assert refused.value.what == f"the migration of version 1 {words}"
    assert refused.value.hint == "correct the cause, then pulumi up: it runs again"


@pytest.mark.parametrize("refused", [False, True])
def test_no_migration_of_a_run_that_was_broken_off_goes_on_beside_or_after_a_new_one(
    host: Host, refused: bool
) -> None:
    deploy(host)
    unit = f"{SERVICE}-migrate@green.service"
    host.refused = {f"start {unit}"} if refused else set()
    second = thing(host, "2", migration=60)
    with contextlib.suppress(HostError):
        second.apply(second.observe())
    steps = [step for step in host.steps if step.endswith(unit)]
    assert steps == [f"stop {unit}", f"start {unit}", f"stop {unit}"]


def test_taking_it_away_stops_both_slots_and_leaves_nothing(host: Host) -> None:
    origin = thing(host).observe()
    assert origin
    deploy(host)
    deployed = deploy(host, "2")
    deployed.restore(origin)
    assert host.running == set()
    left = {str(p.relative_to(host.root)) for p in host.root.rglob("*") if not p.is_dir()}
    assert left == {"deploys.log", "log/sales.log"}


def test_the_record_knows_the_settings_by_their_digest_alone(host: Host) -> None:
    deployed = deploy(host)
    assert "not-to-be-shown" not in json.dumps(deployed.record())
    again = build(deployed.record() | {"kind": "deployment"})
    assert again.differs(again.observe()) == []


def test_every_attempt_is_a_line_with_who_from_to_and_how_it_ended(host: Host) -> None:
    deploy(host)
    deploy(host, "2")
    first, second = host.log()
    assert (first["from"], first["to"], second["from"], second["to"]) == (None, "1", "1", "2")
    assert {"at", "who", "what", "service", "slot", "result", "seconds"} <= set(second)
