"""Asking the Pulumi CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.settings import SettingsError
from doctor import pulumi_cli
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from tests.components.settings.example import changed
from tests.doctor.conftest import FakeCli


def script(folder: Path, text: str) -> Cli:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return Cli(program=program, project=folder, environment={"PATH": "/usr/bin:/bin"})


def test_settings_are_read_as_the_program_itself_gets_them(fake_cli: FakeCli) -> None:
    settings, problems = read_settings(fake_cli(changed({}), ("dhanman:services",)), "qa")
    assert (settings.stack, settings.hosts["main"].address, problems) == ("qa", "192.0.2.10", [])


def test_bad_settings_are_all_of_their_problems(fake_cli: FakeCli) -> None:
    wrong = changed({"services/sales/port": 5101, "frontend/domain": "no domain"})
    with pytest.raises(SettingsError) as caught:
        read_settings(fake_cli(wrong), "qa")
    assert len(caught.value.problems) == 2


def test_an_address_of_another_stack_is_found(fake_cli: FakeCli) -> None:
    cli = fake_cli(changed({}))
    other = "config:\n  dhanman:hosts: {main: {address: 192.0.2.10}}\n"
    (cli.project / "Pulumi.prod.yaml").write_text(other)
    _, (problem,) = read_settings(cli, "qa")
    assert "is also hosts/main of Pulumi.prod.yaml" in str(problem)


def test_a_command_that_fails_says_its_own_reason(tmp_path: Path) -> None:
    cli = script(tmp_path, "echo 'warning: old' >&2; echo 'error: incorrect passphrase' >&2; exit 255")
    with pytest.raises(PulumiError, match=r"^incorrect passphrase$"):
        cli.ask("config")


def test_a_command_that_fails_without_a_word_says_its_status(tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match=r"^exit status 3$"):
        script(tmp_path, "exit 3").ask("config")


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_cli, "CLI_LIMIT", 0.3)
    with pytest.raises(PulumiError, match=r"pulumi config: no answer within 0\.3 s"):
        script(tmp_path, "exec sleep 30").ask("config")


def test_a_missing_cli_is_said_in_words(tmp_path: Path) -> None:
    cli = Cli(program=tmp_path / "nowhere", project=tmp_path, environment={})
    with pytest.raises(PulumiError, match="can't be run"):
        cli.ask("version")


@pytest.mark.parametrize("text", ["SECRET", "[1]", '{"dhanman:x": "SECRET"}'])
def test_what_is_no_answer_is_not_quoted(text: str, tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match="printed") as caught:
        read_settings(script(tmp_path, f"echo '{text}'"), "qa")
    assert "SECRET" not in str(caught.value)
