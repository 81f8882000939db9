from __future__ import annotations

import asyncio
import socket

import pytest

from tests.toolchain.ssh_server import SshServer
from toolchain.providers.command import connection
from toolchain.providers.servicer import OperationError
from toolchain.providers.wire import UNKNOWN, Value, is_secret, plain, secret


def test_defaults_are_filled_and_the_whole_is_secret() -> None:
    filled, failures = connection.check({"host": "h", "privateKey": "k"})
    assert not failures
    assert is_secret(filled) and is_secret(filled["value"]["privateKey"])
    assert not is_secret(filled["value"]["host"])
    defaults = {"user": "root", "port": 22, "dialErrorLimit": 10, "perDialTimeout": 15}
    assert plain(filled) == {"host": "h", "privateKey": "k"} | defaults


def test_a_proxy_gets_the_same_defaults_and_marks() -> None:
    filled, failures = connection.check({"host": "h", "proxy": {"host": "p", "password": "w"}})
    proxy = filled["value"]["proxy"]
    assert not failures
    assert proxy["port"] == 22 and is_secret(proxy["password"])


def test_checking_twice_changes_nothing() -> None:
    once, _ = connection.check({"host": "h", "privateKey": "k"})
    assert connection.check(once) == (once, [])


def test_a_misspelled_member_is_named_without_any_value() -> None:
    _, failures = connection.check({"host": "h", "privatekey": "-----BEGIN"})
    assert failures == ["connection.privatekey: there is no such property"]


def test_an_unknown_connection_is_left_alone() -> None:
    assert connection.check(secret(UNKNOWN)) == (secret(UNKNOWN), [])


def _dial(value: Value) -> list[str]:
    said: list[str] = []

    async def say(line: str) -> None:
        said.append(line)

    async def run() -> None:
        client = await connection.dial(value, say)
        client.close()
        await client.wait_closed()

    connection._logins.clear()
    asyncio.run(run())
    return said


def test_a_right_key_connects_at_the_first_try(ssh_server: SshServer) -> None:
    assert _dial(ssh_server.connection()) == []


def test_a_known_hosts_line_is_taken_as_host_key(ssh_server: SshServer) -> None:
    line = f"[127.0.0.1]:{ssh_server.port} {ssh_server.host_key}"
    assert _dial(ssh_server.connection(hostKey=line)) == []


def test_another_host_key_is_refused(ssh_server: SshServer) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJtddxmIC11IwE8lo8UlpjHZ/kG7lUNHfKa0n+8wVzr"
    with pytest.raises(OperationError, match=r"after 0 failed attempts: .*host key mismatch"):
        _dial(ssh_server.connection(hostKey=other))


def test_a_refused_port_is_tried_as_often_as_the_limit_says() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OperationError, match=r"after 2 failed attempts: .*Connect call failed"):
        _dial({"host": "127.0.0.1", "port": port, "user": "u", "dialErrorLimit": 2, "perDialTimeout": 1})


def test_a_broken_private_key_is_not_quoted_in_the_error(ssh_server: SshServer) -> None:
    with pytest.raises(OperationError) as caught:
        _dial(ssh_server.connection(privateKey="-----BEGIN sentinel-text"))
    assert "sentinel" not in str(caught.value)


def test_a_dead_agent_does_not_matter_where_a_key_is_given(
    ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent/agent")
    assert _dial(ssh_server.connection()) == []
