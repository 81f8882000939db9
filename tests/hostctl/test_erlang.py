"""Asking the broker's node, against stand-ins of erl_call's answers."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostctl import erlang
from hostctl.errors import HostError


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What erl_call is to answer, and what it was asked."""
    settings = tmp_path / "rabbitmq-env.conf"
    settings.write_text("# a comment\nNODENAME=rabbit@localhost\nERL_EPMD_ADDRESS=127.0.0.1\n")
    monkeypatch.setattr(erlang, "ENVIRONMENT_FILE", settings)
    monkeypatch.setattr(erlang, "PROGRAM", settings)
    script: dict[str, Any] = {"status": 0, "answer": '{ok, "e30="}'}

    def run(argv: list[str], *, stdin: str, **_: Any) -> subprocess.CompletedProcess[str]:
        script.update(argv=argv, stdin=stdin)
        return subprocess.CompletedProcess(argv, script["status"], script["answer"], "")

    monkeypatch.setattr(erlang, "run", run)
    return script


def test_the_answer_is_what_the_expression_comes_to(said: dict[str, Any]) -> None:
    said["answer"] = f'{{ok, "{base64.b64encode("Größe".encode()).decode()}"}}\n'
    assert erlang.evaluate("some:thing()") == "Größe".encode()
    assert "some:thing()" in said["stdin"]


def test_a_long_answer_comes_as_numbers(said: dict[str, Any]) -> None:
    text = base64.b64encode(b"x" * 60_000)
    said["answer"] = f"{{ok, [{', '.join(str(number) for number in text)}]}}\n"
    assert erlang.evaluate("some:thing()") == b"x" * 60_000
    said["answer"] = "{ok, []}\n"
    assert erlang.evaluate("some:thing()") == b""


def test_neither_the_expression_nor_the_cookie_is_an_argument(said: dict[str, Any]) -> None:
    erlang.evaluate("some:thing()")
    assert "some:thing()" not in " ".join(said["argv"])
    assert "-c" not in said["argv"]


def test_no_two_calls_come_under_the_same_name(said: dict[str, Any]) -> None:
    names = set()
    for _ in range(3):
        erlang.evaluate("x")
        names.add(said["argv"][said["argv"].index("-h") + 1])
    assert len(names) == 3
    assert all(str(os.getpid()) in name for name in names)
    assert "-r" not in said["argv"]


@pytest.mark.parametrize(
    ("name", "kind"), [("rabbit@localhost", "-sname"), ("rabbit@mq.dhanman.com", "-name")]
)
def test_a_node_with_a_full_host_name_is_asked_by_it(said: dict[str, Any], name: str, kind: str) -> None:
    erlang.ENVIRONMENT_FILE.write_text(f"NODENAME={name}\n")
    erlang.evaluate("x")
    assert said["argv"][said["argv"].index(name) - 1] == kind


@pytest.mark.parametrize(
    ("status", "answer"), [(1, ""), (0, "{error, {undef, []}}"), (0, "{ok, #Bin<1,2>}"), (0, "")]
)
def test_an_expression_that_fails_is_no_answer(said: dict[str, Any], status: int, answer: str) -> None:
    said |= {"status": status, "answer": answer}
    assert erlang.evaluate("x") is None


def test_a_node_that_hangs_is_no_answer(said: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise HostError("no end after 15 s")

    monkeypatch.setattr(erlang, "run", run)
    assert erlang.evaluate("x") is None


def test_without_a_node_name_or_a_program_nothing_is_asked(
    said: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    erlang.ENVIRONMENT_FILE.write_text("# NODENAME=rabbit@other\n")
    assert erlang.evaluate("x") is None
    erlang.ENVIRONMENT_FILE.write_text("NODENAME=rabbit@localhost\n")
    monkeypatch.setattr(erlang, "PROGRAM", tmp_path / "none")
    assert erlang.evaluate("x") is None
    assert "argv" not in said
