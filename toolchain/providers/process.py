"""Runs one stand-in as the process that the engine starts: prints the port, serves until told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolchain.providers.servicer import Provider

_ORPHAN_CHECK_SECONDS = 5.0


def run(make: str, version: str) -> None:
    """Serve the provider named by `make` (`module:Class`) at `version` until SIGINT or SIGTERM.

    The engine starts every provider once for a preview and again for the update, so the start is kept
    short: the message classes are loaded without the SDK around them.
    """
    _bypass_sdk()
    module, _, name = make.partition(":")
    __import__(module)
    provider: Provider = getattr(sys.modules[module], name)(version)
    asyncio.run(_serve(provider, sys.argv[-1] if len(sys.argv) > 1 else ""))


def _bypass_sdk() -> None:
    """Put empty packages in the place of `pulumi` and `pulumi.runtime`: their start imports the whole SDK."""
    found = find_spec("pulumi") if "pulumi" not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        return
    folder = Path(next(iter(found.submodule_search_locations)))
    for name, path in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        package = types.ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package


async def _serve(provider: Provider, engine: str) -> None:
    import grpc.aio
    from pulumi.runtime.proto import provider_pb2_grpc

    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.aio.server(options=unlimited)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    if engine:
        provider.connect_engine(engine)
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    # read before the engine hears of the port: from then on it may be killed at any time
    engine_process = os.getppid()
    print(port, flush=True)
    while not over.is_set() and os.getppid() == engine_process:
        # An engine that was killed tells nobody to end.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(over.wait(), _ORPHAN_CHECK_SECONDS)
    await server.stop(grace=1)
