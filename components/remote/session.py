"""Asking hosts over SSH: all of them at once, each over one connection that is kept until the end.

Units travel through Pulumi's provider, which opens a connection for each of them and can't ask anything. What is
only read (observations, forecasts, the doctor's questions) goes this way. Host keys are always checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import asyncssh

    from components.remote.connection import Login

CONNECT_LIMIT = 5.0
"""Seconds until a host that can't be entered counts as unreachable: connection, key exchange and login together."""

_COMPRESSION = ("zlib@openssh.com", "none")
_HOST_KEYS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A command for one host: its text, what it reads, and the seconds that it may take."""

    command: str
    stdin: bytes = b""
    limit: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the command printed, and its exit status (-1: it was ended by a signal).

    ``user``: who the host let in, ``entered``: the seconds that took. ``sent`` and ``received``: when what it
    reads went out and when all of its answer was here, in seconds since 1970 by this machine's clock.
    """

    status: int
    out: str
    err: str
    user: str
    entered: float = 0.0
    sent: float = 0.0
    received: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Entry:
    client: asyncssh.SSHClientConnection
    user: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """Why a host can't be asked, in one line with what to do.

    ``refused``: it answers, but lets us not in. ``other_key``: it proves itself with another host key.
    """

    reason: str
    refused: bool = False
    other_key: bool = False


class Sessions:
    """SSH connections to hosts, opened when the first question is asked and closed by ``close``.

    ``logins``: how each host is entered, by its name. ``users``: the users to try on it, in this order; the next
    one is tried only where the host refuses the one before. ``clock``: this machine's time, seconds since 1970.
    """

    def __init__(
        self,
        logins: Mapping[str, Login],
        users: Mapping[str, tuple[str, ...]],
        *,
        connect_limit: float = CONNECT_LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logins = dict(logins)
        self._users = dict(users)
        self._connect_limit = connect_limit
        self._clock = clock
        self._open: dict[str, _Entry | Unreachable] = {}
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
                if isinstance(found, _Entry):
                    found.client.abort()

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
        try:
            async with asyncio.timeout(question.limit):
                done, sent = await self._run_on(found.client, question)
        except TimeoutError:
            return Unreachable(reason=f"no answer to a question within {question.limit:g} s")
        except (OSError, asyncssh.Error) as error:
            return self._broken(host, found, f": {error}")
        if done.exit_status is None:
            return self._broken(host, found, " in the middle of an answer")
        return Answer(
            status=done.exit_status,
            out=_text(done.stdout),
            err=_text(done.stderr),
            user=found.user,
            entered=found.seconds,
            sent=sent,
            received=self._clock(),
        )

    async def _run_on(
        self, client: asyncssh.SSHClientConnection, question: Question
    ) -> tuple[asyncssh.SSHCompletedProcess, float]:
        import asyncssh

        # without a text to read asyncssh would leave the command waiting for one
        stdin = asyncssh.PIPE if question.stdin else asyncssh.DEVNULL
        process = await client.create_process(question.command, stdin=stdin, encoding=None)
        # not before: opening the channel takes ways of its own, and the two ways left are equally long
        sent = self._clock()
        # one that ends before it has read everything has an answer all the same
        with contextlib.suppress(BrokenPipeError):
            if question.stdin:
                process.stdin.write(question.stdin)
                process.stdin.write_eof()
        return await process.wait(), sent

    def _broken(self, host: str, entry: _Entry, how: str) -> Unreachable:
        entry.client.abort()
        if self._open.get(host) is entry:
            del self._open[host]
        return Unreachable(reason=f"the connection broke{how}")

    async def _enter(self, host: str) -> _Entry | Unreachable:
        import asyncssh

        login, start = self._logins[host], time.monotonic()
        refusal = ""
        try:
            options = _options(login)
            async with asyncio.timeout(self._connect_limit), AsyncExitStack() as used:
                options["client_keys"] = await _keys(login, used)
                for user in self._users[host]:
                    try:
                        client = await asyncssh.connect(login.address, login.port, username=user, **options)
                    except asyncssh.PermissionDenied:
                        refusal = refusal or f"the key is not accepted for {user}: check ssh in the settings"
                    else:
                        return _Entry(client=client, user=user, seconds=time.monotonic() - start)
        except _NoAgentError as error:
            return Unreachable(reason=str(error), refused=True)
        except TimeoutError:
            return Unreachable(reason=f"no answer from {login.address} within {self._connect_limit:g} s")
        except asyncssh.HostKeyNotVerifiable:
            return Unreachable(
                reason="the host key is not the one in the settings: find out why before you change hostKey",
                refused=True,
                other_key=True,
            )
        except asyncssh.KeyEncryptionError:
            return Unreachable(reason="the private key has a passphrase: use an SSH agent", refused=True)
        except asyncssh.KeyImportError:
            # the library's own words may quote the key
            return Unreachable(
                reason="the private key or the host key can't be read: set it again, with all its lines",
                refused=True,
            )
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
    own = _HOST_KEYS.get(key.get_algorithm(), ())
    # the others last: a host that has another key only is to be refused for that, and not for lack of an algorithm
    others = [name for names in _HOST_KEYS.values() for name in names if name not in own]
    return {
        "config": None,
        "known_hosts": ([key], [], []),
        "server_host_key_algs": [*own, *others],
        "agent_path": None,
        "compression_algs": _COMPRESSION,
        "keepalive_interval": 10,
    }


class _NoAgentError(Exception):
    """There is no key to log in with; the text says what to do."""


async def _keys(login: Login, used: AsyncExitStack) -> list[asyncssh.SSHKeyPair] | list[asyncssh.SSHKey]:
    """The settings' key or else the agent's, never those that lie in the home folder."""
    import asyncssh

    if login.private_key:
        return [asyncssh.import_private_key(login.private_key)]
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise _NoAgentError("no SSH agent runs here: start one, or set ssh.privateKey")
    try:
        agent = await used.enter_async_context(asyncssh.connect_agent(path))
        keys = await agent.get_keys()
    except (OSError, asyncssh.Error, ValueError):
        raise _NoAgentError("the SSH agent does not answer: run `unset SSH_AUTH_SOCK` or start it") from None
    if not keys:
        raise _NoAgentError("the SSH agent holds no key: run ssh-add")
    return list(keys)
