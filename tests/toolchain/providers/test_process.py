from __future__ import annotations

import signal
import subprocess
import sys

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from toolchain.paths import CLONE
from toolchain.versions import PLUGINS


def start(name: str) -> subprocess.Popen[str]:
    make = f"toolchain.providers.{name}.provider:{name.capitalize()}Provider"
    code = f"from toolchain.providers.process import run; run({make!r}, {PLUGINS[name]!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=CLONE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_stand_in_prints_its_port_answers_and_ends_on_an_interrupt(name: str) -> None:
    with start(name) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version == PLUGINS[name]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_start_leaves_the_sdk_and_the_ssh_library_out() -> None:
    code = (
        "import sys; from toolchain.providers import process; process._bypass_sdk();"
        "import toolchain.providers.command.provider;"
        "print([m for m in ('asyncssh', 'pulumi.resource', 'pulumi.runtime.settings') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_stand_in_ends_when_its_engine_is_killed() -> None:
    provider = (
        "import toolchain.providers.process as p; p._ORPHAN_CHECK_SECONDS = 0.2;"
        "p.run('toolchain.providers.random.provider:RandomProvider', '4.21.4'); print('ended', flush=True)"
    )
    # The engine's part: start it with the same standard output, then wait to be killed.
    engine = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {provider!r}])"
    command = [sys.executable, "-c", engine]
    with subprocess.Popen(command, cwd=CLONE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and int(process.stdout.readline())
        process.kill()
        assert process.stdout.readline() == "ended\n"
