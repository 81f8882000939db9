"""The login at a broker, against one that speaks just enough AMQP."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from hostctl import amqp
from hostctl.errors import HostError

START, TUNE, OPEN_OK, CLOSE, CLOSE_OK = (10, 10), (10, 30), (10, 41), (10, 50), (10, 51)
REFUSED = struct.pack(">HB", 403, 14) + b"ACCESS_REFUSED" + struct.pack(">HH", 0, 0)
Script = list[tuple[tuple[int, int], bytes]]
Broker = Callable[[Script], tuple[int, list[bytes]]]


def frame(method: tuple[int, int], arguments: bytes, kind: int = 1) -> bytes:
    payload = struct.pack(">HH", *method) + arguments
    return struct.pack(">BHI", kind, 0, len(payload)) + payload + b"\xce"


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Starts a broker that answers each message with the next of a script; its port, and what it was sent."""
    threads: list[threading.Thread] = []

    def start(script: Script) -> tuple[int, list[bytes]]:
        listening = socket.create_server(("127.0.0.1", 0))
        received: list[bytes] = []

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, listening:
                for method, arguments in script:
                    received.append(connection.recv(1 << 16))
                    heartbeat = struct.pack(">BHI", 8, 0, 0) + b"\xce"
                    connection.sendall(heartbeat + frame(method, arguments))

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return listening.getsockname()[1], received

    yield start
    for thread in threads:
        thread.join(5)


def test_a_user_that_is_let_in_has_opened_the_vhost(broker: Broker) -> None:
    port, received = broker([(START, b""), (TUNE, b"\0" * 8), (OPEN_OK, b"\0"), (CLOSE_OK, b"")])
    assert amqp.refusal(port, "qa", "app_a", "not-a-real-password") is None
    assert received[0] == b"AMQP\x00\x00\x09\x01"
    assert b"\0app_a\0not-a-real-password" in received[1]
    assert b"PLAIN" in received[1]


def test_a_wrong_password_is_refused_in_the_broker_s_words(broker: Broker) -> None:
    port, _ = broker([(START, b""), (CLOSE, REFUSED)])
    assert amqp.refusal(port, "qa", "app_a", "wrong") == "403 ACCESS_REFUSED"


def test_a_user_without_rights_on_the_vhost_is_refused(broker: Broker) -> None:
    port, _ = broker([(START, b""), (TUNE, b"\0" * 8), (CLOSE, REFUSED)])
    assert amqp.refusal(port, "qa", "app_a", "right") == "403 ACCESS_REFUSED"


@pytest.mark.parametrize("script", [[], [(START, b"")], [(OPEN_OK, b"")]])
def test_a_broker_that_does_not_speak_on_is_no_refusal(broker: Broker, script: Script) -> None:
    port, _ = broker(script)
    with pytest.raises(HostError, match=f"RabbitMQ does not answer on port {port}"):
        amqp.refusal(port, "qa", "app_a", "x")


def test_a_broker_that_is_not_there_is_no_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(HostError, match="Connection refused"):
        amqp.refusal(port, "qa", "app_a", "x")
