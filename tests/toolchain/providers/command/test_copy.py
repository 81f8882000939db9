from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.toolchain.ssh_server import SshServer
from toolchain.providers.command import connection
from toolchain.providers.command.copy import RemoteCopy
from toolchain.providers.command.provider import CommandProvider
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import ARCHIVE, ASSET, SIGNATURE, Properties


@pytest.fixture
def resource() -> RemoteCopy:
    connection._logins.clear()
    return RemoteCopy(CommandProvider("1.2.1"))


def text(content: str, digest: str = "1") -> dict[str, Any]:
    return {SIGNATURE: ASSET, "text": content, "hash": digest}


def copy(
    resource: RemoteCopy, server: SshServer, source: Properties, target: Path, old: Properties | None = None
) -> None:
    new, failures = resource.check(
        {"connection": server.connection(), "source": source, "remotePath": str(target)}
    )
    assert not failures
    change = Change(urn="urn", name="n", new=new, old_inputs=old or {})
    asyncio.run(resource.update(change) if old else resource.create(change))


def test_a_text_lands_in_a_file_with_its_parents_made(
    resource: RemoteCopy, ssh_server: SshServer, tmp_path: Path
) -> None:
    copy(resource, ssh_server, text("words"), tmp_path / "a" / "b" / "file")
    assert (tmp_path / "a" / "b" / "file").read_text() == "words"


def test_a_text_onto_a_directory_is_an_error(
    resource: RemoteCopy, ssh_server: SshServer, tmp_path: Path
) -> None:
    with pytest.raises(OperationError, match="is a directory"):
        copy(resource, ssh_server, text("words"), tmp_path)


def test_a_file_goes_into_an_existing_directory(
    resource: RemoteCopy, ssh_server: SshServer, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(b"\x00\xff")
    (tmp_path / "into").mkdir()
    copy(resource, ssh_server, {SIGNATURE: ASSET, "path": str(tmp_path / "source")}, tmp_path / "into")
    assert (tmp_path / "into" / "source").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize(("ending", "below"), [("", "tree/"), ("/", "")])
def test_a_directory_is_copied_with_or_without_its_name(
    resource: RemoteCopy, ssh_server: SshServer, tmp_path: Path, ending: str, below: str
) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "leaf").write_text("leaf")
    source = {SIGNATURE: ARCHIVE, "path": f"{tmp_path}/tree{ending}"}
    copy(resource, ssh_server, source, tmp_path / "target")
    assert (tmp_path / f"target/{below}sub/leaf").read_text() == "leaf"


def test_only_content_or_path_make_an_update_copy(
    resource: RemoteCopy, ssh_server: SshServer, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    old = {"source": text("", "1"), "remotePath": str(target)}
    copy(resource, ssh_server, text("same", "1"), target, old)
    assert not target.exists()
    copy(resource, ssh_server, text("other", "2"), target, old)
    assert target.read_text() == "other"


def test_an_asset_without_text_or_path_is_refused(resource: RemoteCopy) -> None:
    _, failures = resource.check(
        {"connection": {"host": "h"}, "remotePath": "/x", "source": {SIGNATURE: ASSET, "uri": "http://x"}}
    )
    assert failures == ["source: must be a text, a file or a directory of this machine"]
