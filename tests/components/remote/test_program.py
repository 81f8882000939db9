"""``hostctl`` as it travels."""

from __future__ import annotations

import subprocess
import sys

from components.remote.observer import _carried
from components.remote.program import program_archive, program_version


def test_the_version_is_that_of_the_archive() -> None:
    assert program_version() == program_version(program_archive())
    assert program_version(b"other") != program_version()


def test_a_carried_program_runs_from_memory_and_reads_the_rest_of_its_input() -> None:
    question = _carried("nonsense", b"unread")
    words = question.command.partition("exec ")[2].partition("; else")[0]
    command = words.replace("/usr/bin/python3", sys.executable)
    done = subprocess.run(["sh", "-c", command], input=question.stdin, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: hostctl")
