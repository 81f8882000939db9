"""The program as a process and the small modules around it."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hostctl import actions, report, scram
from hostctl.__main__ import _on_unit
from hostctl.errors import HostError, plain
from hostctl.run import run
from hostctl.store import Store

ROOT = Path(__file__).resolve().parents[2]


def _hostctl(stdin: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hostctl", *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_wrong_words_are_answered_with_the_usage() -> None:
    done = _hostctl("", "explode")
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")


@pytest.mark.parametrize(
    "stdin", ['{"password": "hunter22"', "[]", '{"unit": "../../etc/hunter22"}', "hunter22"]
)
def test_what_is_no_unit_is_refused_without_repeating_it(stdin: str) -> None:
    done = _hostctl(stdin, "apply")
    assert done.returncode == 1
    assert "error: stdin is not a unit" in done.stderr
    assert "next: " in done.stderr
    assert "hunter22" not in done.stderr
    assert "Traceback" not in done.stderr


def test_rfc_7677_s_example_gives_its_keys() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    made = scram.verifier("pencil", salt=salt, iterations=4096)
    # RFC 7677, section 3: the server's signature is an HMAC with the ServerKey that the verifier ends with
    message = (
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    import hmac

    server_key = base64.b64decode(made.rsplit(":", 1)[1])
    signature = base64.b64encode(hmac.digest(server_key, message.encode(), "sha256")).decode()
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_a_verifier_matches_its_password_alone() -> None:
    made = scram.verifier("pencil")
    assert scram.matches("pencil", made)
    assert not scram.matches("pen", made)
    assert not scram.matches("pencil", None)
    assert not scram.matches("pencil", "md5abc")


def test_a_password_that_is_not_ascii_is_refused_without_being_said() -> None:
    with pytest.raises(HostError) as refused:
        scram.verifier("pässwörd")
    assert "pässwörd" not in f"{refused.value.what}{refused.value.hint}"


def test_secrets_are_replaced_and_lines_cut(capfd: pytest.CaptureFixture[str]) -> None:
    report.hide(["hunter22", "abc"])
    report.progress("x hunter22 abc " + "y" * 1000)
    said = capfd.readouterr().err
    assert said.startswith("x [secret] abc yyy")
    assert len(said) == report.WIDTH + 1


def test_a_reader_that_went_away_does_not_change_the_exit_status() -> None:
    code = "from hostctl.report import result\nfor _ in range(9): result('x' * 300)"
    script = f'{sys.executable} -c "$1" | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script, "bash", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_tool_that_does_not_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    late = tmp_path / "late"
    with pytest.raises(HostError, match="no end after"):
        run(["sh", "-c", f"(sleep 1.2; touch {late}) & wait"], timeout=0.2)
    assert time.monotonic() - started < 4
    time.sleep(max(0.0, 1.5 - (time.monotonic() - started)))
    assert not late.exists()


def test_a_tool_that_is_missing_or_fails_says_so_and_what_to_do() -> None:
    with pytest.raises(HostError, match="no-such-tool is not on the host") as missing:
        run(["no-such-tool"])
    assert missing.value.hint
    with pytest.raises(HostError, match="exit status 3") as failed:
        run(["sh", "-c", "echo its words >&2; exit 3"])
    assert "its words" in failed.value.details


def test_an_unforeseen_error_is_told_by_its_place_and_never_by_its_text() -> None:
    try:
        raise ValueError("hunter22")
    except ValueError as error:
        told = plain(error)
    assert "ValueError at test_program.py:" in told.what
    assert "hunter22" not in told.what


def test_actions_have_their_order_and_a_restart_makes_the_reload_superfluous() -> None:
    asked = {"restart a.service", "reload a.service", "reload b.service", "daemon-reload", "sysctl /x"}
    assert actions.ordered(asked) == ["daemon-reload", "sysctl /x", "reload b.service", "restart a.service"]


def test_a_failure_says_which_unit_on_which_host(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"unit": "gateway-qa", "format": 99}'))
    with pytest.raises(HostError, match="understands form") as failure:
        _on_unit("apply")
    assert failure.value.where == f"unit gateway-qa on {os.uname().nodename}"
