"""`command:remote:Command`: a command on a host, over one SSH connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from toolchain.providers import shape
from toolchain.providers.command import connection
from toolchain.providers.command.base import COMMON, CommandBase, Transcript
from toolchain.providers.servicer import Change
from toolchain.providers.wire import Properties, plain

if TYPE_CHECKING:
    import asyncssh

_CLOSE_SECONDS = 5
_NO_STATUS = "wait: remote command exited without exit status or exit signal"
"""What the official plugin says of a connection that broke, too."""


class RemoteCommand(CommandBase):
    """Runs the text by the login shell of the remote user.

    One thing differs from the official plugin: a variable of `environment` that sshd's AcceptEnv refuses is
    dropped, where that one fails, since the SSH library asks for no answer.
    """

    members = COMMON | {"connection": shape.OBJECT}
    required = ("connection",)

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check, fill and mark the connection as well."""
        _, failures = super().check(new)
        filled, wrong = connection.check(new.get("connection"))
        return (new if filled is None else new | {"connection": filled}), failures + wrong

    async def run(self, change: Change, text: str, inputs: Properties) -> Transcript:
        """Run `text` on the host; see CommandBase.run."""
        import asyncssh

        async def say(line: str) -> None:
            await self.provider.log(change.urn, line)

        client = await connection.dial(inputs["connection"], say, change.timeout)
        transcript = Transcript()
        how = plain(inputs.get("logging"))
        environment = self.previous(change, inputs) | (plain(inputs.get("environment")) or {})
        try:
            process = await client.create_process(text, encoding=None, env=environment)
            await asyncio.gather(
                self.collect(process.stdout, "stdout", transcript, change, how),
                self.collect(process.stderr, "stderr", transcript, change, how),
                _feed(process, plain(inputs.get("stdin")) or ""),
            )
            await process.wait_closed()
        except (asyncssh.ConnectionLost, ConnectionError) as error:
            raise transcript.failure(_NO_STATUS, text) from error
        except (OSError, asyncssh.Error) as error:
            raise transcript.failure(str(error) or "EOF", text) from error
        finally:
            await close(client)
        if process.exit_signal:
            raise transcript.failure(_signalled(process.exit_signal[0]), text)
        if process.exit_status is None:
            raise transcript.failure(_NO_STATUS, text)
        if process.exit_status:
            raise transcript.failure(f"Process exited with status {process.exit_status}", text)
        return transcript


async def close(client: asyncssh.SSHClientConnection) -> None:
    """Close a connection, and the one to the proxy that it runs through."""
    tunnel = client.get_extra_info("dhanman_tunnel")
    for connected in (client, tunnel):
        if connected is None:
            continue
        connected.close()
        try:
            await asyncio.wait_for(connected.wait_closed(), _CLOSE_SECONDS)
        except TimeoutError:
            connected.abort()


async def _feed(process: asyncssh.SSHClientProcess[bytes], text: str) -> None:
    """Write standard input and end it; a command that doesn't read it all is no error."""
    with contextlib.suppress(ConnectionError):
        process.stdin.write(text.encode())
        await process.stdin.drain()
        process.stdin.write_eof()


def _signalled(name: str) -> str:
    number = getattr(signal, f"SIG{name}", 0)
    return f"Process exited with status {128 + int(number)} from signal {name}"
