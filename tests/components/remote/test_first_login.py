"""The first thing that is done on a server, by whoever gets in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from components.remote import first_login
from components.remote.connection import Login
from components.remote.first_login import FirstLogin, perform
from tests.toolchain.ssh_server import SshServer

Start = Callable[[str], SshServer]
USERS = ("deploy", "debian")


def wanted(server: SshServer, script: str = "echo ready >>done; echo ready") -> FirstLogin:
    return FirstLogin(
        login=Login(
            address="127.0.0.1",
            port=server.port,
            host_key=server.host_key,
            private_key=server.private_key,
        ),
        users=USERS,
        script=script,
    )


def elsewhere(first: FirstLogin, **login: Any) -> FirstLogin:
    """The same with another login."""
    return replace(first, login=replace(first.login, **login))


def no_waiting(_seconds: float) -> None:
    raise AssertionError("it waits for what will not change")


@pytest.fixture
def as_root() -> str:
    """The command as it is sent."""
    return first_login._AS_ROOT


@pytest.fixture(autouse=True)
def anybody_is_root(as_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers' commands run as whoever runs the tests, on this machine."""
    assert "sudo" in as_root
    monkeypatch.setattr(first_login, "_AS_ROOT", "exec sh -s")


def test_it_travels_as_text_and_back(start_server: Start) -> None:
    document = wanted(start_server("one"))
    assert FirstLogin.parse(document.text()) == document


def test_where_the_deploy_user_gets_in_nobody_else_is_asked_and_one_connection_is_made(
    start_server: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("one")
    assert perform(wanted(server), pause=no_waiting) == 0
    assert (server.users, server.opened) == (["deploy"], 1)
    assert (tmp_path / "one/done").read_text() == "ready\n"
    assert capsys.readouterr().out == "ready\n"


def test_on_a_fresh_server_its_first_user_does_it(start_server: Start, tmp_path: Path) -> None:
    server = start_server("one")
    server.refused = frozenset({"deploy"})
    assert perform(wanted(server), pause=no_waiting) == 0
    assert server.users == ["deploy", "debian"]
    assert (tmp_path / "one/done").exists()


def test_a_deploy_user_without_sudo_is_passed_over(
    start_server: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_login, "_AS_ROOT", "if mkdir asked 2>/dev/null; then exit 97; fi; exec sh -s")
    server = start_server("one")
    assert perform(wanted(server), pause=no_waiting) == 0
    assert server.users == ["deploy", "debian"]
    assert (tmp_path / "one/done").read_text() == "ready\n"


def test_where_nobody_gets_in_each_refusal_is_told_and_the_way_back(
    start_server: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("one")
    server.refused = frozenset(USERS)
    assert perform(wanted(server), pause=no_waiting) == 1
    said = capsys.readouterr().err
    assert "not accepted for deploy" in said
    assert "not accepted for debian" in said
    assert "the provider's console is the way in" in said
    assert server.private_key.splitlines()[1] not in said


def test_another_host_key_is_refused_and_no_second_user_is_tried(
    start_server: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("one")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    assert perform(elsewhere(wanted(server), host_key=other), pause=no_waiting) == 1
    assert "the host key is not the one in the settings" in capsys.readouterr().err
    assert server.commands == []


def test_a_script_that_fails_says_its_own_words_and_is_not_tried_as_somebody_else(
    start_server: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("one")
    assert perform(wanted(server, "echo 'error: no apt-get' >&2; exit 1"), pause=no_waiting) == 1
    assert capsys.readouterr().err == "error: no apt-get\n"
    assert server.users == ["deploy"]


def test_a_server_that_still_boots_is_waited_for_and_not_for_ever(
    start_server: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("one")
    late, waits = elsewhere(wanted(server), port=1), Ticks()
    assert perform(late, clock=waits.now, pause=waits.wait) == 1
    assert "port 1 of 127.0.0.1 refuses connections" in capsys.readouterr().err
    assert waits.time == pytest.approx(first_login.PATIENCE, abs=5)


class Ticks:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += seconds


@pytest.mark.parametrize(
    ("user", "sudo", "status"), [(1000, "exit 1", 97), (1000, 'shift; exec "$@"', 7), (0, "exit 1", 7)]
)
def test_who_is_not_root_needs_sudo_without_a_password(
    tmp_path: Path, as_root: str, user: int, sudo: str, status: int
) -> None:
    for name, text in (("id", f"echo {user}"), ("sudo", sudo)):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", as_root],
        input="exit 7",
        text=True,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert done.returncode == status
