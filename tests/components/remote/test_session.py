"""Asking hosts over SSH, against real servers on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from components.remote.connection import Login
from components.remote.session import Answer, Question, Sessions, Unreachable
from tests.toolchain.ssh_server import BREAK_OFF, SshServer

Start = Callable[[str], SshServer]
ECHO = Question(command="cat", stdin=b"what was asked", limit=10)


def login(server: SshServer, *, host_key: str | None = None, private_key: str | None = "") -> Login:
    key = server.private_key if private_key == "" else private_key
    return Login(address="127.0.0.1", port=server.port, host_key=host_key or server.host_key, private_key=key)


def ask(
    entry: Login, question: Question = ECHO, *, users: tuple[str, ...] = ("deploy",), limit: float = 10
) -> Answer | Unreachable:
    with Sessions({"one": entry}, {"one": users}, connect_limit=limit) as sessions:
        return sessions.ask({"one": question})["one"]


def reason(found: Answer | Unreachable) -> str:
    assert isinstance(found, Unreachable), found
    assert "\n" not in found.reason
    return found.reason


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def test_a_command_reads_its_text_and_answers_with_its_status_and_both_outputs(start_server: Start) -> None:
    question = Question(command="cat; echo complaint >&2; exit 3", stdin=b"text \xff", limit=10)
    found = ask(login(start_server("one")), question)
    assert isinstance(found, Answer)
    assert (found.status, found.out, found.err, found.user) == (3, "text \ufffd", "complaint\n", "deploy")


def test_all_hosts_work_at_the_same_time(start_server: Start) -> None:
    # each waits for what only the other makes
    servers = {"a": start_server("a"), "b": start_server("b")}
    entries = {name: login(server) for name, server in servers.items()}
    wait = "touch ../{own}.here; until test -e ../{other}.here; do sleep 0.05; done; echo met"
    with Sessions(entries, dict.fromkeys(entries, ("deploy",)), connect_limit=10) as sessions:
        found = sessions.ask(
            {
                "a": Question(command=wait.format(own="a", other="b"), limit=10),
                "b": Question(command=wait.format(own="b", other="a"), limit=10),
            }
        )
    assert {name: answer.out for name, answer in found.items() if isinstance(answer, Answer)} == {
        "a": "met\n",
        "b": "met\n",
    }


def test_several_questions_go_over_one_connection_which_is_closed_at_the_end(start_server: Start) -> None:
    server = start_server("one")
    with Sessions({"one": login(server)}, {"one": ("deploy",)}) as sessions:
        for _ in range(3):
            assert isinstance(sessions.ask({"one": ECHO})["one"], Answer)
        assert (server.opened, server.open) == (1, 1)
    until = time.monotonic() + 10
    while server.open and time.monotonic() < until:
        time.sleep(0.01)
    assert server.open == 0


def test_the_next_user_is_tried_where_the_host_refuses_the_first(start_server: Start) -> None:
    server = start_server("one")
    server.refused = frozenset({"deploy"})
    found = ask(login(server), users=("deploy", "root"))
    assert isinstance(found, Answer)
    assert (found.user, server.users) == ("root", ["deploy", "root"])


def test_the_next_user_is_not_tried_where_the_first_gets_in(start_server: Start) -> None:
    server = start_server("one")
    assert isinstance(ask(login(server), users=("deploy", "root")), Answer)
    assert server.users == ["deploy"]


def test_a_host_that_refuses_all_users_names_the_first_and_what_to_check(start_server: Start) -> None:
    server = start_server("one")
    server.refused = frozenset({"deploy", "root"})
    found = ask(login(server), users=("deploy", "root"))
    assert reason(found) == "the key is not accepted for deploy: check ssh in the settings"
    assert isinstance(found, Unreachable)
    assert found.refused


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_a_host_with_another_key_is_not_entered(algorithm: str, start_server: Start) -> None:
    server = start_server("one")
    other = asyncssh.generate_private_key(algorithm).export_public_key().decode()
    found = ask(login(server, host_key=other), users=("deploy", "root"))
    assert "the host key is not the one in the settings" in reason(found)
    assert isinstance(found, Unreachable)
    assert (found.refused, found.other_key) == (True, True)
    assert server.users == []


def test_a_port_that_nobody_listens_on_refuses_at_once(start_server: Start) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        server = start_server("one")
        server.port = port
        found = ask(login(server))
    assert reason(found) == f"port {port} of 127.0.0.1 refuses connections"
    assert isinstance(found, Unreachable)
    assert not found.refused


def test_a_host_that_says_nothing_is_given_up_within_the_limit(start_server: Start) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = start_server("one")
        server.port = silent.getsockname()[1]
        start = time.monotonic()
        found = ask(login(server), users=("deploy", "root"), limit=0.5)
    assert reason(found) == "no answer from 127.0.0.1 within 0.5 s"
    assert time.monotonic() - start < 5


def test_a_command_without_a_text_to_read_does_not_wait_for_one(start_server: Start) -> None:
    found = ask(login(start_server("one")), Question(command="cat; echo done", limit=10))
    assert isinstance(found, Answer)
    assert found.out == "done\n"


def test_a_command_that_ends_before_it_reads_its_text_has_an_answer_all_the_same(start_server: Start) -> None:
    server = start_server("one")
    server.answer = b"This account is not available.\n"
    found = ask(login(server), Question(command="cat", stdin=b"x" * 1_000_000, limit=10))
    assert isinstance(found, Answer)
    assert (found.status, found.out) == (1, "This account is not available.\n")


def test_an_answer_says_when_it_was_asked_for_by_the_given_clock(start_server: Start) -> None:
    entry = login(start_server("one"))
    times = iter([1000.0, 1002.5])
    with Sessions({"one": entry}, {"one": ("deploy",)}, clock=lambda: next(times)) as sessions:
        found = sessions.ask({"one": ECHO})["one"]
    assert isinstance(found, Answer)
    assert (found.sent, found.received) == (1000.0, 1002.5)
    assert 0 < found.entered < 5


def test_a_command_that_takes_too_long_is_given_up_within_its_limit(start_server: Start) -> None:
    start = time.monotonic()
    found = ask(login(start_server("one")), Question(command="exec sleep 30", limit=0.5))
    assert reason(found) == "no answer to a question within 0.5 s"
    assert time.monotonic() - start < 10


def test_a_host_that_can_t_be_entered_leaves_the_others_their_answers(start_server: Start) -> None:
    server, gone = start_server("one"), start_server("two")
    entries = {"one": login(server), "two": login(gone, host_key=server.host_key)}
    with Sessions(entries, dict.fromkeys(entries, ("deploy",))) as sessions:
        found = sessions.ask(dict.fromkeys(entries, ECHO))
    assert isinstance(found["one"], Answer)
    assert isinstance(found["two"], Unreachable)


def test_a_connection_that_breaks_in_the_middle_of_an_answer_is_said_to_have_broken(
    start_server: Start,
) -> None:
    found = ask(login(start_server("one")), Question(command=BREAK_OFF, limit=10))
    assert reason(found).startswith("the connection broke")


def test_after_a_broken_connection_the_next_question_opens_a_new_one(start_server: Start) -> None:
    server = start_server("one")
    with Sessions({"one": login(server)}, {"one": ("deploy",)}) as sessions:
        sessions.ask({"one": Question(command=BREAK_OFF, limit=10)})
        assert isinstance(sessions.ask({"one": ECHO})["one"], Answer)
    assert server.opened == 2


def good_key() -> list[str]:
    return new_key().export_private_key().decode().splitlines()


BROKEN_KEYS: dict[str, Callable[[], str]] = {
    "no key at all": lambda: "SECRETSECRET",
    "half a key": lambda: "\n".join([*good_key()[:2], good_key()[-1]]) + "\n",
    "other letters": lambda: "\n".join([good_key()[0], "U0VDUkVU" * 8, good_key()[-1]]) + "\n",
    "another key": lambda: "\n".join(good_key()) + "\n",
    "with a passphrase": lambda: new_key().export_private_key(passphrase="SECRET").decode(),
}


@pytest.mark.parametrize("what", BROKEN_KEYS)
def test_no_message_has_a_piece_of_the_private_key(what: str, start_server: Start) -> None:
    key = BROKEN_KEYS[what]()
    said = reason(ask(login(start_server("one"), private_key=key)))
    pieces = [line for line in key.splitlines() if "-----" not in line]
    assert not [piece for piece in pieces if piece[:12] in said]
    assert ":" in said  # what it is, and what to do


def test_a_host_key_that_can_t_be_read_is_said_in_words(start_server: Start) -> None:
    assert "can't be read" in reason(ask(login(start_server("one"), host_key="ssh-ed25519 AAAA")))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Callable[[SshServer], None]]:
    """An SSH agent that ``SSH_AUTH_SOCK`` of the test names; called with a server, it holds that server's key."""
    if not shutil.which("ssh-agent"):
        pytest.skip("needs ssh-agent (Debian: openssh-client)")
    path = tmp_path / "agent.sock"
    running = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)

    def hold(server: SshServer) -> None:
        environment = os.environ | {"SSH_AUTH_SOCK": str(path)}
        subprocess.run(
            ["ssh-add", "-q", "-"], input=server.private_key, text=True, env=environment, check=True
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSH_AUTH_SOCK", str(path))
        yield hold
    running.terminate()
    running.wait(10)


def test_without_a_key_the_agent_is_used(start_server: Start, agent: Callable[[SshServer], None]) -> None:
    server = start_server("one")
    agent(server)
    assert isinstance(ask(login(server, private_key=None)), Answer)


def test_with_a_key_the_agent_is_not_used(start_server: Start, agent: Callable[[SshServer], None]) -> None:
    server = start_server("one")
    agent(server)
    other = new_key().export_private_key().decode()
    assert "the key is not accepted" in reason(ask(login(server, private_key=other)))


@pytest.mark.parametrize("path", ["nowhere", ""])
def test_neither_key_nor_agent_is_a_refusal(
    path: str, start_server: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / path) if path else "")
    found = ask(login(start_server("one"), private_key=None))
    assert "agent" in reason(found)
    assert isinstance(found, Unreachable)
    assert found.refused
