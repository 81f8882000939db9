"""How a host is entered."""

from __future__ import annotations

import socket
from pathlib import Path

from components.remote.connection import Login, agent_problem
from components.remote.host_unit import HostUnit, Target
from components.unit import Unit
from tests.components.recording import Registered, record
from tests.components.settings.example import HOST_KEY

# the members of the provider's schema, command 1.2.1; any other makes it print the whole connection
KNOWN = {"host", "user", "port", "password", "privateKey", "privateKeyPassword", "agentSocketPath",
         "dialErrorLimit", "perDialTimeout", "hostKey", "proxy"}  # fmt: skip


def unit(private_key: str | None) -> Registered:
    login = Login(address="192.0.2.1", port=2222, host_key=HOST_KEY, private_key=private_key)

    def program() -> None:
        target = Target(name="one", address=login.address, connection=login.connection("deploy"))
        HostUnit("one-base", target, Unit(name="base", things=()))

    return record(program)["one-base"]


def test_a_connection_is_a_secret_as_a_whole_with_members_that_the_provider_knows() -> None:
    made = unit("fake-key")
    assert made.is_secret("connection")
    connection = made.plain("connection")
    assert set(connection) <= KNOWN
    assert (connection["host"], connection["port"], connection["user"]) == ("192.0.2.1", 2222, "deploy")
    assert connection["hostKey"] == HOST_KEY
    assert connection["privateKey"] == "fake-key"


def test_without_a_key_the_agent_is_used() -> None:
    assert "privateKey" not in unit(None).plain("connection")


def test_all_dials_together_end_before_an_armed_change_reverts() -> None:
    connection = unit(None).plain("connection")
    assert (connection["dialErrorLimit"] + 1) * connection["perDialTimeout"] < 60


def test_an_agent_that_answers_or_that_nobody_named_is_no_problem(tmp_path: Path) -> None:
    assert agent_problem({}) is None
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "agent"))
        agent.listen()
        assert agent_problem({"SSH_AUTH_SOCK": str(tmp_path / "agent")}) is None


def test_a_dead_agent_is_named_with_the_next_step(tmp_path: Path) -> None:
    problem = agent_problem({"SSH_AUTH_SOCK": str(tmp_path / "nobody")})
    assert problem is not None
    assert "unset SSH_AUTH_SOCK" in problem
