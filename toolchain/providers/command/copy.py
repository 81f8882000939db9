"""`command:remote:CopyToRemote`: a file, text or directory to a host, through SFTP."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.providers import shape
from toolchain.providers.command import connection
from toolchain.providers.command.remote import close
from toolchain.providers.servicer import Change, Difference, OperationError, Resource, random_hex
from toolchain.providers.wire import Properties, Value, differences, is_asset, is_unknown, plain

if TYPE_CHECKING:
    import asyncssh

_MEMBERS = {
    "connection": shape.OBJECT,
    "source": shape.ASSET,
    "remotePath": shape.STRING,
    "triggers": shape.LIST,
}


class RemoteCopy(Resource):
    """Creates or truncates in place; the file stays when the resource goes."""

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members and types, and that the source is text, a file or a directory."""
        failures = shape.problems(new, _MEMBERS, ("connection", "source", "remotePath"))
        source = plain(new.get("source"))
        if is_asset(source) and not (source.get("text") is not None or source.get("path")):
            failures.append("source: must be a text, a file or a directory of this machine")
        filled, wrong = connection.check(new.get("connection"))
        return (new if filled is None else new | {"connection": filled}), failures + wrong

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare inputs with inputs, the source by its digest."""
        paths = dict(differences(_by_digest(old_inputs), _by_digest(new)))
        return Difference(paths=paths, replaces=("triggers",) if "triggers" in paths else ())

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Copy."""
        if change.preview:
            return "", change.new
        await self._copy(change)
        return random_hex(), change.new

    async def update(self, change: Change) -> Properties:
        """Copy again where the content or the remote path changed; another host alone copies nothing."""
        old, new = _by_digest(change.old_inputs or change.old), _by_digest(change.new)
        moved = any(plain(old.get(name)) != plain(new.get(name)) for name in ("source", "remotePath"))
        if moved and not change.preview:
            await self._copy(change)
        return change.new

    async def _copy(self, change: Change) -> None:
        import asyncssh

        async def say(line: str) -> None:
            await self.provider.log(change.urn, line)

        source, target = plain(change.new["source"]), plain(change.new["remotePath"])
        client = await connection.dial(change.new["connection"], say, change.timeout)
        try:
            async with client.start_sftp_client() as sftp:
                await _put(sftp, source, target)
        except (OSError, asyncssh.Error) as error:
            raise OperationError(f"failed to copy to remote path {target}: {error}") from error
        finally:
            await close(client)


async def _put(sftp: asyncssh.SFTPClient, source: Properties, target: str) -> None:
    if source.get("text") is not None:
        if await sftp.isdir(target):
            raise OperationError(f"remote path {target} is a directory; a text needs the path of a file")
        await _write(sftp, source["text"].encode(), target)
        return
    local = Path(source["path"])
    if not local.is_dir():
        into = posixpath.join(target, local.name) if await sftp.isdir(target) else target
        await _write(sftp, local.read_bytes(), into)
        return
    if await sftp.exists(target) and not await sftp.isdir(target):
        raise OperationError(f"remote path {target} is a file; a directory can't be copied onto it")
    root = target if source["path"].endswith("/") else posixpath.join(target, local.name)
    await sftp.makedirs(root, exist_ok=True)
    for file in sorted(local.rglob("*")):
        remote = posixpath.join(root, file.relative_to(local).as_posix())
        if file.is_dir():
            await sftp.makedirs(remote, exist_ok=True)
        else:
            await _write(sftp, file.read_bytes(), remote)


async def _write(sftp: asyncssh.SFTPClient, content: bytes, target: str) -> None:
    if parent := posixpath.dirname(target):
        await sftp.makedirs(parent, exist_ok=True)
    async with sftp.open(target, "wb") as file:
        await file.write(content)


def _by_digest(properties: Properties) -> Properties:
    """Leave the digest of the source alone: contents don't travel with stored assets."""
    source: Value = plain(properties.get("source"))
    if not isinstance(source, dict) or is_unknown(source) or not source.get("hash"):
        return properties
    return properties | {"source": source["hash"]}
