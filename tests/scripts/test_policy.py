"""`make policy`: what it says, and when it ends with 1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import policy
from scripts.policy import verdict

KEPT: dict[str, Any] = {"resources": 91, "rules": 15, "broken": [], "unseen": []}


def test_a_stack_that_keeps_all_rules_ends_with_0() -> None:
    assert verdict("qa", KEPT) == (["qa: 91 resources keep 15 rules"], 0)


def test_what_breaks_a_rule_is_a_line_and_ends_with_1() -> None:
    broken = [["host-key-is-checked", "a: no key; set it"], ["host-key-is-checked", "b: no key; set it"]]
    lines, status = verdict("qa", KEPT | {"broken": broken})
    assert status == 1
    assert lines[0] == "error: host-key-is-checked: a: no key; set it"
    assert lines[-1] == "qa: 2 breaches of 1 of 15 rules, in 91 resources"


def test_what_could_not_be_looked_into_is_named() -> None:
    lines, status = verdict("qa", KEPT | {"unseen": ["sales-service"]})
    assert (status, lines[0]) == (0, "warning: not known yet, so not looked into: sales-service")


def test_a_preview_that_fails_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launcher = tmp_path / ".venv/bin/pulumi"
    launcher.parent.mkdir(parents=True)
    launcher.write_text("#!/bin/sh\necho the settings are wrong\nexit 255\n")
    launcher.chmod(0o755)
    monkeypatch.setattr(policy, "CLONE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["policy", "qa"])
    assert policy.main() == 2
    said = capsys.readouterr().err
    assert "the settings are wrong\nmake policy: the preview failed" in said
