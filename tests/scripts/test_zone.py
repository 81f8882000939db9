"""`make zone`: the lines, and when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.settings import Settings
from doctor.pulumi_cli import Cli, PulumiError
from scripts import zone
from tests.components.recording import stack_settings

CLI = Cli(program=Path("pulumi"), project=Path(), environment={})


def show(settings: Settings | Exception, monkeypatch: pytest.MonkeyPatch) -> int:
    def read(_cli: Cli, _stack: str) -> tuple[Settings, list[object]]:
        if isinstance(settings, Exception):
            raise settings
        return settings, []

    monkeypatch.setattr(zone, "read_settings", read)
    return zone.show(CLI, "x")


def test_the_local_stack_s_records_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(stack_settings("local"), monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["; dhanman, stack local", "$ORIGIN dhanman.test."]
    assert "app.dhanman.test. 300 IN A 192.0.2.20" in lines


def test_records_that_are_not_known_yet_are_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(stack_settings("prod"), monkeypatch) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        "Pulumi.prod.yaml: dns/mail/verification: the code that the mail relay shows is not set yet"
        in said.err
    )
    assert "hostKey" not in said.err


def test_a_stack_without_names_has_no_records(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(stack_settings("local").model_copy(update={"dns": None}), monkeypatch) == 1
    assert "Pulumi.local.yaml: dns: is missing" in capsys.readouterr().err


def test_what_pulumi_says_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(PulumiError("no stack named x"), monkeypatch) == 1
    assert capsys.readouterr().err == "make zone: no stack named x\n"
