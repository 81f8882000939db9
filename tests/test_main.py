"""The program that Pulumi runs."""

from __future__ import annotations

import json
import runpy
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import access, environment, settings
from components.settings import DeployWindow, Problem, SettingsError
from tests.components.recording import PROJECT, record, stack_settings

MAIN = str(PROJECT / "__main__.py")


@pytest.fixture(autouse=True)
def _interrupts_stay_as_they_are() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_ci_reads_is_exported_and_each_placeholder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, object] = {}
    warnings: list[str] = []
    monkeypatch.setattr(settings, "read", lambda *, dry_run: stack_settings("qa"))
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    record(lambda: runpy.run_path(MAIN), stack="qa")
    assert {"outputsVersion", "services", "hosts", "placeholders"} <= exported.keys()
    assert warnings
    assert all(line.startswith("Pulumi.qa.yaml: ") for line in warnings)


def test_bad_settings_end_the_program_with_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [Problem(file="Pulumi.qa.yaml", path=("hosts", str(i)), text="is missing") for i in (1, 2)]
    lines: list[str] = []

    def read(*, dry_run: bool) -> None:
        raise SettingsError(problems)

    def never(*_: object) -> None:
        raise AssertionError("nothing is registered")

    monkeypatch.setattr(settings, "read", read)
    monkeypatch.setattr(environment, "Environment", never)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(pulumi.log, "error", lines.append)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(MAIN)
    assert ended.value.code
    assert lines == [str(problem) for problem in problems]
    assert Path(MAIN).is_file()


def test_a_key_that_shows_itself_unreadable_only_later_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = Problem(file="Pulumi.qa.yaml", path=("ssh", "privateKeyFile"), text="can't be read")
    lines: list[str] = []

    def unreadable(*_: object) -> None:
        raise SettingsError([problem])

    monkeypatch.setattr(settings, "read", lambda *, dry_run: stack_settings("qa"))
    monkeypatch.setattr(access, "observe", lambda _settings: None)
    monkeypatch.setattr(environment, "Environment", unreadable)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(pulumi.log, "warn", lambda _text: None)
    monkeypatch.setattr(pulumi.log, "error", lines.append)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(MAIN)
    assert ended.value.code
    assert lines == [str(problem)]


class _Reached(Exception):
    """The program went on to the hosts."""


@pytest.mark.parametrize(
    ("dry_run", "reason", "reached", "said"),
    [
        (False, "", False, ["error: Pulumi.qa.yaml: deployWindow: it is"]),
        (True, "", True, ["warning: Pulumi.qa.yaml: deployWindow: it is"]),
        (False, "login is broken", True, ["warning: Pulumi.qa.yaml: deployWindow: it is"]),
    ],
)
def test_at_a_refused_time_an_update_ends_before_any_host_is_asked(
    monkeypatch: pytest.MonkeyPatch, dry_run: bool, reason: str, reached: bool, said: list[str]
) -> None:
    always = DeployWindow.model_validate({"refuse": ["00:00-24:00"]})
    refusing = stack_settings("qa").model_copy(update={"deploy_window": always, "placeholders": ()})
    lines: list[str] = []

    def reach(*_: Any) -> None:
        raise _Reached

    monkeypatch.setattr(settings, "read", lambda *, dry_run: refusing)
    monkeypatch.setattr(access, "observe", reach)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: dry_run)
    monkeypatch.setenv("DHANMAN_DEPLOY_ANYWAY", reason)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setattr(pulumi.log, "error", lambda line: lines.append(f"error: {line}"))
    monkeypatch.setattr(pulumi.log, "warn", lambda line: lines.append(f"warning: {line}"))
    with pytest.raises(_Reached if reached else SystemExit):
        runpy.run_path(MAIN)
    assert [line[: len(start)] for line, start in zip(lines, said, strict=True)] == said
    assert lines[0].endswith(reason)


def test_a_reason_to_go_on_without_a_drill_is_shown_and_reaches_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setenv("DHANMAN_WITHOUT_DRILL", "the drill is\nwhat is repaired")
    monkeypatch.setattr(settings, "read", lambda *, dry_run: stack_settings("qa"))
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    recording = record(lambda: runpy.run_path(MAIN), stack="qa")
    reason = "DHANMAN_WITHOUT_DRILL says to go on without: the drill is what is repaired"
    assert f"Pulumi.qa.yaml: backup/requireDrill: {reason}" in warnings
    things = json.loads(recording["main-base"].plain("stdin"))["things"]
    (gate,) = [thing for thing in things if str(thing.get("path")).endswith("data-gate.json")]
    assert json.loads(gate["content"])["anyway"] == "the drill is what is repaired"
