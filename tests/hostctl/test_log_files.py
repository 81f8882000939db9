"""What a service wrote to its logs since somebody began to wait for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.log_files import LINES, LONGEST, LogFiles
from hostctl.report import WIDTH


@pytest.fixture
def log(tmp_path: Path) -> Path:
    made = tmp_path / "sales.log"
    made.write_text("of an older failure\n")
    return made


def _words(log: Path, *lines: str) -> str:
    return "\n".join([f"    last lines of {log}:", *(f"    {line}" for line in lines)])


def test_lines_of_older_failures_are_not_quoted(log: Path) -> None:
    logs = LogFiles([str(log)])
    assert logs.words() == ""
    with log.open("a") as file:
        file.write("of this one\n")
    assert logs.words() == _words(log, "of this one")


def test_each_file_that_has_something_is_named_in_its_order(log: Path, tmp_path: Path) -> None:
    errors = tmp_path / "sales.error.log"
    logs = LogFiles([str(log), str(tmp_path / "none.log"), str(errors)], whole=True)
    errors.write_text("the reason\n")
    assert logs.words() == _words(log, "of an older failure") + "\n" + _words(errors, "the reason")


def test_a_log_that_was_emptied_meanwhile_is_read_from_its_start(log: Path) -> None:
    logs = LogFiles([str(log)])
    log.write_text("after it\n")
    assert logs.words() == _words(log, "after it")


def test_of_a_long_log_only_the_last_lines_are_quoted_and_only_its_end_is_read(log: Path) -> None:
    log.write_bytes(b"x" * LONGEST + b"\xff\n" + b"".join(b"line %d\n" % n for n in range(LINES)))
    logs = LogFiles([str(log)], whole=True)
    assert logs.words() == _words(log, *(f"line {n}" for n in range(LINES)))
    log.write_bytes(b"y\n" * LONGEST + b"\xff" + b"z" * LONGEST)
    assert logs.words() == _words(log, "z" * WIDTH)
