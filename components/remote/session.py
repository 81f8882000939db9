"""Asking hosts over SSH: all of them at once, each over one connection that is kept until the end.

Units travel through Pulumi's provider, which opens a connection for each of them and can't ask anything. What is
only read (observations, forecasts, the doctor's questions) goes this way. Host keys are always checked.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import asyncssh

    from components.remote.connection import Login

CONNECT_LIMIT = 5.0
"""Seconds until a host that can't be entered counts as unreachable: connection, key exchange and login together."""

_COMPRESSION = ("zlib@openssh.com", "none")
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A command for one host: its text, what it reads, and the seconds that it may take."""

    command: str
    stdin: bytes = b""
    limit: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the command printed, and its exit status (-1: none, since the connection broke)."""

    status: int
    out: str
    err: str
    user: str


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """Why a host can't be asked, in one line with what to do. ``refused``: it answers, but lets us not in."""

    reason: str
    refused: bool = False


class Sessions:
    """SSH connections to hosts, opened when the first question is asked and closed by ``close``.

    ``logins``: how each host is entered, by its name. ``users``: the users to try on it, in this order; the next
    one is tried only where the host refuses the one before.
    """

    def __init__(
        self,
        logins: Mapping[str, Login],
        users: Mapping[str, tuple[str, ...]],
        *,
        connect_limit: float = CONNECT_LIMIT,
    ) -> None:
        self._logins = dict(logins)
        self._users = dict(users)
        self._connect_limit = connect_limit
        self._open: dict[str, tuple[asyncssh.SSHClientConnection, str] | Unreachable] = {}
        self._loop = asyncio.new_event_loop()
        # Pulumi runs its own loop in the main thread
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of the hosts."""
        return tuple(self._logins)

    def ask(self, questions: Mapping[str, Question]) -> dict[str, Answer | Unreachable]:
        """Each host's answer to its question; all hosts work at the same time."""

        async def everywhere() -> list[Answer | Unreachable]:
            return await asyncio.gather(*(self._ask(host, question) for host, question in questions.items()))

        return dict(zip(questions, self._run(everywhere), strict=True))

    def close(self) -> None:
        """Close every connection."""
        if not self._loop.is_running():
            return

        async def all_of_them() -> None:
            for found in self._open.values():
                if isinstance(found, tuple):
                    found[0].abort()

        self._run(all_of_them)
        self._open.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def _run(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    async def _ask(self, host: str, question: Question) -> Answer | Unreachable:
        import asyncssh

        if host not in self._open:
            self._open[host] = await self._enter(host)
        found = self._open[host]
        if isinstance(found, Unreachable):
            return found
        client, user = found
        try:
            async with asyncio.timeout(question.limit):
                done = await client.run(question.command, input=question.stdin, encoding=None)
        except TimeoutError:
            return Unreachable(reason=f"no answer to a question within {question.limit:.0f} s")
        except (OSError, asyncssh.Error) as error:
            return Unreachable(reason=f"the connection broke: {error}")
        status = -1 if done.exit_status is None else done.exit_status
        return Answer(status=status, out=_text(done.stdout), err=_text(done.stderr), user=user)

    async def _enter(self, host: str) -> tuple[asyncssh.SSHClientConnection, str] | Unreachable:
        import asyncssh

        login = self._logins[host]
        refusal = ""
        try:
            options = _options(login)
            async with asyncio.timeout(self._connect_limit):
                for user in self._users[host]:
                    try:
                        client = await asyncssh.connect(login.address, login.port, username=user, **options)
                    except asyncssh.PermissionDenied:
                        refusal = refusal or f"the key is not accepted for {user}: check ssh in the settings"
                    else:
                        return client, user
        except TimeoutError:
            return Unreachable(reason=f"no answer from {login.address} within {self._connect_limit:.0f} s")
        except asyncssh.HostKeyNotVerifiable:
            return Unreachable(
                reason="the host key is not the one in the settings: find out why before you change hostKey",
                refused=True,
            )
        except asyncssh.KeyEncryptionError:
            return Unreachable(reason="the private key has a passphrase: use an SSH agent", refused=True)
        except asyncssh.KeyImportError:
            # the library's own words may quote the key
            return Unreachable(reason="the private key or the host key can't be read", refused=True)
        except ConnectionRefusedError:
            return Unreachable(reason=f"port {login.port} of {login.address} refuses connections")
        except (OSError, asyncssh.Error) as error:
            words = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Unreachable(reason=f"{login.address}: {words}")
        return Unreachable(reason=refusal, refused=True)


def _text(data: bytes | bytearray | str | None) -> str:
    return data.decode(errors="replace") if isinstance(data, bytes | bytearray) else data or ""


def _options(login: Login) -> dict[str, Any]:
    # asyncssh costs 0.1 s to import, and not every run asks a host
    import asyncssh

    key = asyncssh.import_public_key(login.host_key)
    algorithm = key.get_algorithm()
    agent = None if login.private_key else os.environ.get("SSH_AUTH_SOCK")
    own = [asyncssh.import_private_key(login.private_key)] if login.private_key else None
    return {
        "config": None,
        "known_hosts": ([key], [], []),
        "server_host_key_algs": ["rsa-sha2-512", "rsa-sha2-256"] if algorithm == "ssh-rsa" else [algorithm],
        "client_keys": own,
        "agent_path": agent,
        "compression_algs": _COMPRESSION,
        "keepalive_interval": 10,
    }
