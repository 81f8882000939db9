"""Waiting until what was started serves."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any

import pytest

from hostctl import checks
from hostctl.errors import HostError
from hostctl.log_files import LogFiles


def test_a_check_that_never_holds_ends_at_its_limit_with_the_reason() -> None:
    check = {
        "type": "command",
        "argv": ["sh", "-c", "echo not yet; exit 1"],
        "title": "it is there",
        "timeout": 0.1,
    }
    with pytest.raises(HostError, match="it is there") as late:
        checks.wait(check)
    assert "not yet" in late.value.details


def test_answers_that_take_too_long_are_told_as_such_and_so_is_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LONGEST_ATTEMPT", 0.6)
    monkeypatch.setattr(checks, "properties", lambda _: {"ActiveState": "active"})
    path = str(tmp_path / "http.sock")
    check: dict[str, Any] = {"type": "http", "socket": path, "path": "/health/ready", "port": None}
    check |= {"host": "localhost", "status": 200, "timeout": 1}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        # the kernel accepts, and nobody ever answers
        listener.listen()
        with pytest.raises(HostError, match=r"not within 1 s: .* answers 200 on /health/ready") as late:
            checks.wait(check, alive="slot.service")
    assert late.value.details == "    no answer within 0.6 s"
    assert late.value.hint == checks.TAKES_LONGER


def test_a_check_that_fails_says_what_systemd_knows_of_the_units_that_do_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = {"dying.service": "auto-restart", "well.service": "running"}
    monkeypatch.setattr(checks, "properties", lambda unit: {"SubState": states[unit]})
    monkeypatch.setattr(checks, "last_words", lambda unit: f"    {unit}: killed, status=9/KILL")
    check = {"type": "command", "argv": ["false"], "title": "it is there", "timeout": 0.1}
    with pytest.raises(HostError) as late:
        checks.wait(check, list(states))
    assert "dying.service: killed, status=9/KILL" in late.value.details
    assert "well.service" not in late.value.details


def test_a_reason_that_only_counts_down_is_told_once_and_again_as_a_sign_of_life(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, left = itertools.count(), iter(range(60, 0, -1))
    monkeypatch.setattr("hostctl.checks.time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr("hostctl.checks.time.sleep", lambda _: None)
    monkeypatch.setattr(checks, "properties", lambda _: {"ActiveState": "active"})
    monkeypatch.setattr(
        checks, "attempt", lambda *_: f"status 503: {n}.5 s left" if (n := next(left)) > 35 else None
    )
    check = {"type": "tcp", "port": 5206, "timeout": 90}
    checks.wait(check, alive="slot.service")
    told = capsys.readouterr().err.splitlines()
    assert told == [f"  waiting for {checks.title(check)}: status 503: {n}.5 s left" for n in (60, 50, 40)]


def test_another_status_is_another_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["status 503: starting", "status 500: starting", None])
    monkeypatch.setattr(checks, "properties", lambda _: {"ActiveState": "active"})
    monkeypatch.setattr(checks, "attempt", lambda *_: next(answers))
    checks.wait({"type": "tcp", "port": 5206, "timeout": 90}, alive="slot.service")
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": status ")[2] for line in told] == ["503: starting", "500: starting"]


def test_the_log_of_a_check_is_quoted_unless_there_are_better_ones(tmp_path: Path) -> None:
    log, other = tmp_path / "nginx.log", tmp_path / "sales.log"
    log.write_text("of NGINX\n")
    other.write_text("of the service\n")
    check = {"type": "command", "argv": ["false"], "title": "it is there", "timeout": 0.1, "log": str(log)}
    with pytest.raises(HostError) as late:
        checks.wait(check)
    assert late.value.details.endswith(f"last lines of {log}:\n    of NGINX")
    with pytest.raises(HostError) as late:
        checks.wait(check, logs=LogFiles([str(other)], whole=True))
    assert late.value.details.endswith(f"last lines of {other}:\n    of the service")
