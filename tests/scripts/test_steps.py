from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from scripts import steps as module
from scripts.steps import StepFailedError, Steps, format_seconds, last_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (61, "1 min 01 s"), (754.6, "12 min 35 s")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_a_step_says_its_title_how_it_ended_and_its_time(tmp_path: Path) -> None:
    out = io.StringIO()
    with Steps(tmp_path, out).step("Doing it"):
        pass
    assert out.getvalue() == "Doing it ... ok (0.0 s)\n"


def test_a_failed_step_is_marked_and_its_error_goes_on(tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="why"), Steps(tmp_path, out).step("Doing it"):
        raise ValueError("why")
    assert out.getvalue().startswith("Doing it ... failed")


def test_a_long_step_beats_with_the_last_line_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.1)
    out = io.StringIO()
    code = "import time; print('half way', flush=True); time.sleep(0.8)"
    Steps(tmp_path, out).run("Long work", [sys.executable, "-c", code])
    beats = [line for line in out.getvalue().splitlines() if line.endswith("half way")]
    assert beats and re.match(r"Long work \.\.\. \d\.\d s  half way", beats[0])


def test_a_failing_command_shows_the_end_of_its_log_and_the_next_step(tmp_path: Path) -> None:
    code = "[print('line', n) for n in range(40)]; raise SystemExit(3)"
    with pytest.raises(StepFailedError) as caught:
        Steps(tmp_path / "logs", io.StringIO()).run(
            "Work", [sys.executable, "-c", code], hint="Do this next."
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == f"Work: exit status 3, log in {tmp_path / 'logs' / 'work.log'}"
    assert lines[1:-1] == [f"    line {number}" for number in range(20, 40)]
    assert lines[-1] == "Do this next."


def test_a_missing_program_is_one_plain_error(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match=r"Work: .*No such file.*nonexistent"):
        Steps(tmp_path, io.StringIO()).run("Work", ["/nonexistent"])


def test_there_are_colours_only_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, terminal = io.StringIO(), Terminal()
    for out in (plain, terminal):
        with Steps(tmp_path, out).step("Doing it"):
            pass
    assert "\x1b" not in plain.getvalue() and "\x1b[32mok" in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1


def test_the_last_line_of_a_rewritten_one_is_what_shows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first\n10%\r20%\r30%")
    assert last_line(log) == "30%"
    assert last_line(tmp_path / "missing") == ""
