"""The sample service as its unit and the gateway see it: a process on a Unix socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import until

ARTIFACT = Path(__file__).resolve().parents[3] / "samples/service"
LIMIT_SECONDS = 10


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: Path) -> None:
        """Take the path of the socket."""
        super().__init__("localhost", timeout=LIMIT_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of the host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(frozen=True, kw_only=True)
class Running:
    """A started sample service."""

    process: subprocess.Popen[str]
    socket_path: Path

    def connect(self) -> UnixConnection:
        """Open a connection to it."""
        return UnixConnection(self.socket_path)

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        """Return status and JSON document of a GET."""
        connection = self.connect()
        connection.request("GET", path)
        response = connection.getresponse()
        document = json.loads(response.read())
        connection.close()
        return response.status, document

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal, wait for the end and return exit code, output and errors."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=LIMIT_SECONDS)
        return self.process.returncode, output, errors


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a service with the given settings and wait until its socket is there."""
    processes: list[subprocess.Popen[str]] = []

    def run(settings: dict[str, object] | None = None, *, slot: str = "blue", wait: bool = True) -> Running:
        (tmp_path / "appsettings.json").write_text(json.dumps(settings or {}))
        socket_path = tmp_path / slot / "http.sock"
        socket_path.parent.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, str(ARTIFACT / "dhanman-sample"), "--urls", f"http://unix:{socket_path}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "ASPNETCORE_ENVIRONMENT": "Local"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        running = Running(process=process, socket_path=socket_path)
        if wait:
            _await_listening(running)
        return running

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _await_listening(running: Running) -> None:
    # Its first line of output comes once it listens, so reading it waits for just that.
    assert running.process.stdout is not None
    line = running.process.stdout.readline()
    if "listens on" not in line:
        pytest.fail(f"the service did not start: {running.process.communicate()[1]}")


def test_liveness_names_service_version_and_environment(start: Start) -> None:
    status, document = start({"Service": {"Name": "dhanman-sales"}}).get("/health")
    version = (ARTIFACT / "VERSION").read_text().strip()
    assert status == 200
    assert document == {
        "status": "Healthy",
        "service": "dhanman-sales",
        "version": version,
        "environment": "Local",
    }


def test_readiness_without_settings_is_503_and_names_what_is_missing(start: Start) -> None:
    status, document = start().get("/health/ready")
    assert status == 503
    assert "ConnectionStrings:DefaultConnection is not set" in str(document)
    assert "RabbitMq:Host is not set" in str(document)


def test_a_start_delay_keeps_startup_and_readiness_at_503_but_not_liveness(start: Start) -> None:
    running = start({"Sample": {"StartDelaySeconds": 30}})
    statuses = [running.get(path)[0] for path in ("/health", "/health/startup", "/health/ready")]
    assert statuses == [200, 503, 503]


def test_startup_is_healthy_once_the_delay_is_over(start: Start) -> None:
    running = start({"Sample": {"StartDelaySeconds": 0.2}})
    until(lambda: running.get("/health/startup")[0] == 200, LIMIT_SECONDS)


def test_fail_ready_is_among_the_failed_checks(start: Start) -> None:
    status, document = start({"Sample": {"FailReady": True}}).get("/health/ready")
    assert status == 503
    assert "Sample:FailReady is set" in str(document)


def test_exit_at_start_ends_with_one_line_and_code_1(start: Start) -> None:
    process = start({"Sample": {"ExitAtStart": True}}, wait=False).process
    _, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 1
    assert errors.endswith("error: Sample:ExitAtStart is set\n")
    assert errors.count("\n") == 1


def test_the_root_tells_the_slot_of_its_socket(start: Start) -> None:
    assert start(slot="green").get("/")[1]["slot"] == "green"


def test_a_connection_serves_several_requests_and_echoes_every_kind_of_body(start: Start) -> None:
    connection = start().connect()
    connection.request("POST", "/echo", body=b"plain", headers={"Content-Type": "text/x"})
    response = connection.getresponse()
    assert (response.read(), response.headers["Content-Type"]) == (b"plain", "text/x")
    connection.request(
        "POST",
        "/echo",
        body=iter([b"in ", b"chunks"]),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert connection.getresponse().read() == b"in chunks"
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/health", 405),
        ("GET", "/slow?seconds=61", 400),
        ("GET", "/slow?seconds=nan", 400),
        ("POST", "/slow?seconds=0", 200),
        ("GET", "/hangfire", 200),
        ("GET", "/ws", 426),
    ],
)
def test_each_request_gets_its_status(start: Start, method: str, path: str, status: int) -> None:
    connection = start().connect()
    connection.request(method, path)
    assert connection.getresponse().status == status
    connection.close()


def test_headers_are_shown_as_they_arrived(start: Start) -> None:
    connection = start().connect()
    connection.request("GET", "/headers", headers={"X-Forwarded-Proto": "https"})
    assert b'["X-Forwarded-Proto", "https"]' in connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_finishes_the_request_in_flight(start: Start, number: signal.Signals) -> None:
    running = start()
    outcome: list[int] = []
    slow = threading.Thread(target=lambda: outcome.append(running.get("/slow?seconds=1")[0]))
    slow.start()
    until(lambda: _connections(running) > 0, LIMIT_SECONDS)
    code, output, errors = running.stop(number)
    slow.join(LIMIT_SECONDS)
    assert (outcome, code, errors) == ([200], 0, "")
    assert "stopped" in output


def test_a_request_longer_than_the_drain_limit_is_given_up_and_said(start: Start) -> None:
    running = start({"Sample": {"DrainSeconds": 0.2}})
    with contextlib.closing(running.connect()) as connection:
        connection.request("GET", "/slow?seconds=60")
        until(lambda: _connections(running) > 0, LIMIT_SECONDS)
        _, _, errors = running.stop()
    assert "gave up 1 request(s) after 0.2 s" in errors


def test_an_idle_connection_does_not_hold_up_the_stop(start: Start) -> None:
    running = start()
    connection = running.connect()
    connection.request("GET", "/health")
    connection.getresponse().read()
    assert running.stop()[0] == 0
    connection.close()


def test_the_socket_lets_owner_and_group_connect_and_is_gone_after_the_stop(start: Start) -> None:
    running = start()
    assert stat.S_IMODE(running.socket_path.stat().st_mode) == 0o660
    running.stop()
    assert not running.socket_path.exists()


def test_a_stale_socket_is_replaced(start: Start) -> None:
    first = start()
    first.process.kill()
    first.process.communicate()
    assert first.socket_path.exists()
    assert start().get("/health")[0] == 200


def test_a_socket_in_use_is_left_alone(start: Start) -> None:
    first = start()
    second = start(wait=False)
    _, errors = second.process.communicate(timeout=LIMIT_SECONDS)
    assert second.process.returncode == 1
    assert "another process listens there" in errors
    assert first.get("/health")[0] == 200


def test_a_websocket_echoes_and_is_told_to_go_away_at_the_stop(start: Start) -> None:
    running = start()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LIMIT_SECONDS)
        client.connect(str(running.socket_path))
        # Key and answer are the example of RFC 6455, section 1.3.
        client.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        stream = client.makefile("rb")
        head = b"".join(iter(stream.readline, b"\r\n"))
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        assert b"\r\nX-Instance: " in head
        # A masked text frame "Hello", the example of section 5.7.
        client.sendall(bytes.fromhex("818537fa213d7f9f4d5158"))
        assert stream.read(7) == b"\x81\x05Hello"
        running.process.send_signal(signal.SIGINT)
        assert stream.read(4) == b"\x88\x02\x03\xe9"


def test_nothing_is_written_into_the_artifact(start: Start) -> None:
    start().get("/health/ready")
    assert not list(ARTIFACT.rglob("__pycache__"))


def _connections(running: Running) -> int:
    """Count the accepted connections: the service has a thread for each, beside its main one."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads:")) - 1
