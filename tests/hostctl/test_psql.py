"""One psql for many queries, against a stand-in that counts how often it is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hostctl import psql

STAND_IN = r"""
import sys, pathlib
starts = pathlib.Path(sys.argv[1])
starts.write_text(starts.read_text() + "x")
failed = "false"
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "\\echo":
        print(rest.replace(":ERROR", failed), flush=True)
        failed = "false"
    elif word == "die" and len(starts.read_text()) == 1:
        sys.exit(2)
    elif word == "refuse;":
        failed = "true"
    elif word == "hang;":
        if len(starts.read_text()) == 1:
            import time
            time.sleep(60)
    elif word == "nothing;":
        pass
    else:
        print('{"said": %d}' % len(rest))
if failed == "true":
    sys.exit(3)
"""


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one letter for each start of the stand-in."""
    counter = tmp_path / "starts"
    counter.write_text("")
    monkeypatch.setattr(psql, "COMMAND", (sys.executable, "-c", STAND_IN, str(counter)))
    return counter


def test_a_session_starts_one_process_for_all_its_queries(starts: Path) -> None:
    with psql.session():
        answers = [psql.query(1, f"ask {'x' * length};") for length in (1, 200_000, 3)]
    assert [answer["said"] for answer in answers] == [2, 200_001, 4]
    assert starts.read_text() == "x"


def test_without_a_session_each_query_starts_its_own(starts: Path) -> None:
    for _ in range(2):
        assert psql.query(1, "ask x;") == {"said": 2}
    assert starts.read_text() == "xx"


def test_a_session_inside_a_session_is_the_same_one(starts: Path) -> None:
    with psql.session():
        with psql.session():
            psql.query(1, "ask x;")
        assert psql.query(1, "ask y;") == {"said": 2}
    assert starts.read_text() == "x"


def test_each_port_has_a_process_of_its_own(starts: Path) -> None:
    with psql.session():
        for port in (1, 2, 1):
            psql.query(port, "ask x;")
    assert starts.read_text() == "xx"


def test_a_refused_query_is_no_answer_and_harms_no_other(starts: Path) -> None:
    with psql.session():
        assert psql.query(1, "refuse;") is None
        assert psql.query(1, "nothing;") == {}
        assert psql.query(1, "ask x;") == {"said": 2}
    assert starts.read_text() == "x"


def test_a_process_that_dies_is_replaced_by_a_call_of_its_own(starts: Path) -> None:
    with psql.session():
        assert psql.query(1, "die x;") == {"said": 2}
        assert psql.query(1, "ask x;") == {"said": 2}
    assert starts.read_text() == "xxx"


def test_a_process_that_hangs_is_given_up(starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "ANSWER_LIMIT", 0.5)
    with psql.session():
        assert psql.query(1, "hang;") == {}
    assert starts.read_text() == "xx"


def test_a_server_without_a_client_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "COMMAND", ("/nonexistent/psql",))
    with psql.session():
        assert psql.query(1, "ask;") is None
