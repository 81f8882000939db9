"""`command:local:Command`: a command on the machine that deploys."""

from __future__ import annotations

import asyncio
import os
import signal

from toolchain.providers import shape
from toolchain.providers.command.base import COMMON, CommandBase, Transcript
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import Properties, plain

_SHELL = ("/bin/sh", "-c")


class LocalCommand(CommandBase):
    """Runs the text as the last argument of `interpreter`, in `dir`, with the environment of the CLI."""

    members = COMMON | {"dir": shape.STRING, "interpreter": shape.STRINGS}

    async def run(self, change: Change, text: str, inputs: Properties) -> Transcript:
        """Run `text` here; see CommandBase.run."""
        given = plain(inputs.get("environment")) or {}
        environment = (
            os.environ | self.previous(change, inputs) | {n: v for n, v in given.items() if v is not None}
        )
        arguments = [*(plain(inputs.get("interpreter")) or _SHELL), text]
        stdin = (plain(inputs.get("stdin")) or "").encode()
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                cwd=plain(inputs.get("dir")),
                env=environment,
            )
        except OSError as error:
            raise OperationError(f"fork/exec {arguments[0]}: {error.strerror}") from error
        transcript = Transcript()
        how = plain(inputs.get("logging"))
        assert process.stdout and process.stderr and process.stdin  # all three are pipes
        await asyncio.gather(
            self.collect(process.stdout, "stdout", transcript, change, how),
            self.collect(process.stderr, "stderr", transcript, change, how),
            _feed(process.stdin, stdin),
        )
        status = await process.wait()
        if status < 0:
            raise transcript.failure(f"signal: {signal.Signals(-status).name}", text)
        if status:
            raise transcript.failure(f"exit status {status}", text)
        return transcript


async def _feed(stdin: asyncio.StreamWriter, text: bytes) -> None:
    """Write standard input and end it; a command that doesn't read it all is no error."""
    try:
        stdin.write(text)
        await stdin.drain()
    except ConnectionError:
        pass
    stdin.close()
