"""The `connection` of a remote command: its shape, and how it is dialled."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from toolchain.providers import shape
from toolchain.providers.servicer import OperationError
from toolchain.providers.wire import Properties, Value, is_secret, is_unknown, plain, secret

if TYPE_CHECKING:
    import asyncssh

_HOP = {
    "host": shape.STRING,
    "user": shape.STRING,
    "port": shape.NUMBER,
    "password": shape.STRING,
    "privateKey": shape.STRING,
    "privateKeyPassword": shape.STRING,
    "agentSocketPath": shape.STRING,
    "dialErrorLimit": shape.INTEGER,
    "perDialTimeout": shape.INTEGER,
    "hostKey": shape.STRING,
}
_MEMBERS = _HOP | {"proxy": shape.OBJECT}
_DEFAULTS: Properties = {"user": "root", "port": 22.0, "dialErrorLimit": 10.0, "perDialTimeout": 15.0}
_SECRET_MEMBERS = ("password", "privateKey", "privateKeyPassword")
_FIRST_WAIT_SECONDS = 0.1
_WAIT_GROWTH = 1.5
_LONGEST_WAIT_SECONDS = 5.0
_LOGIN_SECONDS = 60
_KEEPALIVE_SECONDS = 30

# sshd drops connections at random from the eleventh on that has not logged in (MaxStartups 10:30:100).
_LOGINS_AT_ONCE = 8
_logins: dict[tuple[str, int], asyncio.Semaphore] = {}

Say = Callable[[str], Awaitable[None]]


def check(value: Value) -> tuple[Value, list[str]]:
    """Give the connection with defaults and secret marks, and what is wrong with it."""
    if value is None or is_unknown(value):
        return value, []
    bare = value["value"] if is_secret(value) else value
    if not isinstance(bare, dict):
        return value, ["connection: must be an object"]
    failures = shape.problems(bare, _MEMBERS, ("host",), "connection")
    filled = _fill(bare)
    proxy: Value = filled.get("proxy")
    bare_proxy = proxy["value"] if is_secret(proxy) else proxy
    if isinstance(bare_proxy, dict):
        failures += shape.problems(bare_proxy, _HOP, ("host",), "connection.proxy")
        filled["proxy"] = secret(_fill(bare_proxy)) if is_secret(proxy) else _fill(bare_proxy)
    return secret(filled), failures


def _fill(hop: Properties) -> Properties:
    filled = {name: default for name, default in _DEFAULTS.items() if hop.get(name) is None} | {
        name: value for name, value in hop.items() if value is not None
    }
    return {name: secret(value) if name in _SECRET_MEMBERS else value for name, value in filled.items()}


async def dial(connection: Value, say: Say, timeout: float = 0.0) -> asyncssh.SSHClientConnection:
    """Connect, with retries as `dialErrorLimit` says; `timeout` in seconds bounds them (0: unbounded).

    Raises OperationError. The caller closes the connection.
    """
    hop = plain(connection)
    deadline = time.monotonic() + timeout if timeout else None
    tunnel = None
    if hop.get("proxy"):
        try:
            tunnel = await _dial_hop(hop["proxy"], None, say, deadline)
        except OperationError as error:
            raise OperationError(f"proxy: {error}") from error
    try:
        client = await _dial_hop(hop, tunnel, say, deadline)
    except BaseException:
        if tunnel:
            tunnel.close()
        raise
    client.set_extra_info(dhanman_tunnel=tunnel)
    return client


async def _dial_hop(
    hop: Properties, tunnel: asyncssh.SSHClientConnection | None, say: Say, deadline: float | None
) -> asyncssh.SSHClientConnection:
    import asyncssh

    options = _options(hop)
    turn = _logins.setdefault((hop["host"], int(hop["port"])), asyncio.Semaphore(_LOGINS_AT_ONCE))
    limit = int(hop["dialErrorLimit"])
    failed, wait = 0, _FIRST_WAIT_SECONDS
    while True:
        try:
            async with turn:
                return await asyncssh.connect(hop["host"], int(hop["port"]), tunnel=tunnel or (), **options)
        except (TimeoutError, OSError, asyncssh.Error) as error:
            reason = _reason(error)
        if 0 <= limit <= failed:
            raise OperationError(f"after {failed} failed attempts: {reason}")
        if deadline and time.monotonic() + wait > deadline:
            raise OperationError(f"context deadline exceeded: {reason}")
        failed += 1
        await say(f"Dial {failed}/{limit if limit >= 0 else 'unlimited'} failed: retrying")
        await asyncio.sleep(wait)
        wait = min(wait * _WAIT_GROWTH, _LONGEST_WAIT_SECONDS)


def _options(hop: Properties) -> dict[str, Any]:
    options: dict[str, Any] = {
        "username": hop["user"],
        "config": None,
        "client_keys": None,
        "agent_path": hop.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK") or None,
        "known_hosts": None,
        "connect_timeout": hop["perDialTimeout"] or None,
        "login_timeout": _LOGIN_SECONDS,
        "keepalive_interval": _KEEPALIVE_SECONDS,
    }
    if hop.get("privateKey"):
        # With a key given, an agent is of no use: the official plugin would not offer its keys either.
        options |= {"client_keys": [_private_key(hop)], "agent_path": None}
    if hop.get("password"):
        options["password"] = hop["password"]
    if hop.get("hostKey"):
        key = _host_key(hop["hostKey"])
        algorithm = key.get_algorithm()
        rsa = ["rsa-sha2-512", "rsa-sha2-256"]
        options |= {
            "known_hosts": ([key], [], []),
            "server_host_key_algs": rsa if algorithm == "ssh-rsa" else [algorithm],
        }
    return options


def _private_key(hop: Properties) -> asyncssh.SSHKey:
    import asyncssh

    try:
        return asyncssh.import_private_key(hop["privateKey"], hop.get("privateKeyPassword") or None)
    except asyncssh.KeyEncryptionError as error:
        raise OperationError("ssh: this private key is passphrase protected") from error
    except asyncssh.KeyImportError as error:
        # The library's own words may quote the key.
        raise OperationError("ssh: the private key can't be read, or its passphrase is wrong") from error


def _host_key(text: str) -> asyncssh.SSHKey:
    """Read a public key, or a line of known_hosts with the host in front."""
    import asyncssh

    fields = text.split()
    for start in (0, 1):
        try:
            return asyncssh.import_public_key(" ".join(fields[start : start + 2]))
        except asyncssh.KeyImportError:
            continue
    raise OperationError("connection.hostKey is no public key: it looks like `ssh-ed25519 AAAA…`")


def _reason(error: Exception) -> str:
    import asyncssh

    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "ssh: handshake failed: ssh: host key mismatch"
    if isinstance(error, asyncssh.PermissionDenied):
        return "ssh: handshake failed: ssh: unable to authenticate, no supported methods remain"
    if isinstance(error, asyncio.TimeoutError):
        return "i/o timeout"
    return str(error) or type(error).__name__
