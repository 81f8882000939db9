from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolchain.ssh_server import SshServer, serve


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    seen, ready = SshServer(), threading.Event()
    folder = tmp_path / "server"
    folder.mkdir()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    def run() -> None:
        loop.run_until_complete(serve(seen, folder, ready, over))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield seen
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
