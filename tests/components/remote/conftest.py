"""SSH servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.toolchain.ssh_server import SshServer, serve


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[[str], SshServer]]:
    """Starts one server for each name; its commands run in a folder that all of them share."""
    with contextlib.ExitStack() as running:

        def start(name: str) -> SshServer:
            seen, ready, over = SshServer(), threading.Event(), asyncio.Event()
            loop = asyncio.new_event_loop()
            (tmp_path / name).mkdir()
            thread = threading.Thread(
                target=lambda: loop.run_until_complete(serve(seen, tmp_path / name, ready, over)), daemon=True
            )
            thread.start()
            assert ready.wait(20)
            running.callback(thread.join, 10)
            running.callback(loop.call_soon_threadsafe, over.set)
            return seen

        yield start
