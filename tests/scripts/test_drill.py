"""`make drill`: what people read, and when it ends with 1."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.remote.session import Answer, Unreachable
from scripts.drill import command, told

REPORT: dict[str, Any] = {
    "repository": "a bucket", "problems": [], "target": "2026-11-26 14:48:55+00", "rpo_seconds": 29.7,
    "backup": "20261126-144100F", "size_bytes": 70489886, "rto_seconds": 16.1, "result": "ok",
    "databases": {"qa-dhanman-sales": {"tables": 4, "rows": 5101, "wrong": 0}},
}  # fmt: skip


def answer(out: str, err: str = "") -> Answer:
    return Answer(status=0, out=out, err=err, user="deploy")


def test_a_drill_that_succeeded_says_what_it_proved() -> None:
    text, status = told(answer(json.dumps(REPORT)))
    assert status == 0
    assert "RPO 29.7 s (until that moment was safe), RTO 16.1 s" in text
    assert "1 databases with 5101 rows" in text


def test_what_is_wrong_is_said_and_ends_with_1() -> None:
    failed = {"repository": "a bucket", "problems": ["no room"], "result": "failed", "succeeded": 0}
    text, status = told(answer(json.dumps(failed)))
    assert status == 1
    assert text.startswith("problem: no room")
    assert told(answer(json.dumps(REPORT | {"result": "failed", "problems": ["x"]})))[1] == 1


def test_a_host_without_backups_or_without_an_answer_is_no_success() -> None:
    assert told(answer("", "Unit x not found."))[1] == 1
    assert "Unit x not found." in told(answer("", "Unit x not found."))[0]
    assert told(Unreachable(reason="timed out"))[1] == 1


@pytest.mark.parametrize("written", [True, False])
def test_an_earlier_report_is_not_shown(tmp_path: Path, written: bool) -> None:
    report, programs = tmp_path / "drill.json", tmp_path / "bin"
    programs.mkdir()
    report.write_text("old")
    os.utime(report, (0, 0))
    for name, text in (
        ("sudo", 'shift; exec "$@"'),
        ("systemctl", f"{(written and 'sleep 0.05; echo new >') or ':'} {report}"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    said = subprocess.run(
        ["sh", "-c", command("a@drill.service", str(report))],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == ("new\n" if written else "")
