from __future__ import annotations

import asyncio
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

BREAK_OFF = "break off"
"""The command at which the server drops the connection in the middle of its answer."""


@dataclass
class SshServer:
    """A server on loopback that runs commands by /bin/sh, with what it saw.

    ``refused``: users that get in with no key. ``answer``: what every command prints in place of being run.
    """

    port: int = 0
    private_key: str = ""
    host_key: str = ""
    commands: list[str] = field(default_factory=list)
    open: int = 0
    opened: int = 0
    refused: frozenset[str] = frozenset()
    answer: bytes | None = None
    users: list[str] = field(default_factory=list)

    def connection(self, **more: Any) -> dict[str, Any]:
        base = {"host": "127.0.0.1", "port": self.port, "user": "root", "privateKey": self.private_key}
        return base | {"hostKey": self.host_key, "dialErrorLimit": 0, "perDialTimeout": 5} | more


class _Login(asyncssh.SSHServer):
    def __init__(self, seen: SshServer, authorized: Path) -> None:
        self._seen, self._authorized = seen, authorized

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._seen.open += 1
        self._seen.opened += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._seen.open -= 1

    def begin_auth(self, username: str) -> bool:
        self._seen.users.append(username)
        if username not in self._seen.refused:
            self._conn.set_authorized_keys(str(self._authorized))
        return True


async def serve(seen: SshServer, folder: Path, ready: threading.Event, over: asyncio.Event) -> None:
    client, host = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    authorized = folder / "authorized_keys"
    authorized.write_bytes(client.export_public_key())
    seen.private_key = client.export_private_key().decode()
    seen.host_key = host.export_public_key().decode().strip()

    async def handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
        seen.commands.append(process.command or "")
        if process.command == BREAK_OFF:
            process.stdout.write(b"the first half")
            process.channel.get_connection().abort()
            return
        if seen.answer is not None:
            process.stdout.write(seen.answer)
            process.exit(1)
            return
        local = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", process.command or "", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=folder,
        )  # fmt: skip
        try:
            written, complained = await local.communicate(await process.stdin.read())
        except asyncio.CancelledError:
            # the server ends, and nobody waits for the command any more
            local.kill()
            await local.wait()
            raise
        process.stdout.write(written)
        process.stderr.write(complained)
        status = local.returncode or 0
        if status < 0:
            process.exit_with_signal("KILL")
        else:
            process.exit(status)

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host], encoding=None,
        server_factory=lambda: _Login(seen, authorized), process_factory=handle, sftp_factory=True,
    )  # fmt: skip
    seen.port = server.get_port()
    ready.set()
    await over.wait()
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
