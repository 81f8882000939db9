"""Runs on a test host: publishes with confirms while the broker is killed, or makes a message that always fails.

``publish COUNT`` sends that many and goes on until a line comes in, so that whoever kills the broker decides how long
it lasts; it prints the confirmed numbers that were not read back. ``poison`` prints how often a message was
delivered before it left its queue. The broker's address is in the file ``broker-url`` beside the program.
"""

from __future__ import annotations

import contextlib
import select
import sys
import time
from pathlib import Path

import pika  # type: ignore[import-not-found]  # only the host has it, where this runs

QUEUE = "test-of-messages"
LIMIT = 240.0
PERSISTENT = pika.BasicProperties(delivery_mode=2)


def channel_to(url: str) -> pika.adapters.blocking_connection.BlockingChannel:
    """A channel to a queue that is declared without a type; waits for a broker that is being started."""
    deadline = time.monotonic() + 60
    while True:
        try:
            channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
            channel.queue_declare(QUEUE, durable=True)
        except (pika.exceptions.AMQPError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return channel


def publish(url: str, count: int) -> list[int]:
    """Send ``count`` messages or more, each until it is confirmed; those that are not in the queue afterwards."""
    channel, confirmed = None, 0
    print("publishing", flush=True)
    while confirmed < count or not select.select([sys.stdin], [], [], 0)[0]:
        try:
            if channel is None:
                channel = channel_to(url)
                channel.confirm_delivery()
            channel.basic_publish("", QUEUE, str(confirmed).encode(), PERSISTENT, mandatory=True)
            confirmed += 1
        except (pika.exceptions.AMQPError, OSError):
            channel = None
    print(f"published {confirmed}", flush=True)
    return sorted(set(range(confirmed)) - read_all(url))


def read_all(url: str) -> set[int]:
    """The numbers that are in the queue; it is deleted."""
    channel, found = channel_to(url), set()
    for method, _, body in channel.consume(QUEUE, inactivity_timeout=5):
        if method is None:
            break
        found.add(int(body))
        channel.basic_ack(method.delivery_tag)
    channel.cancel()
    channel.queue_delete(QUEUE)
    return found


def poison(url: str) -> tuple[int, str]:
    """Refuse one message until it comes no more; how often it came, and what the dead letters' queue then holds."""
    channel, times = channel_to(url), 0
    channel.basic_publish("", QUEUE, b"poison", PERSISTENT)
    for method, _, _body in channel.consume(QUEUE, inactivity_timeout=3):
        if method is None or times == 100:
            break
        times += 1
        channel.basic_reject(method.delivery_tag, requeue=True)  # a nack is no failure since RabbitMQ 4.3
    channel.cancel()
    channel.queue_delete(QUEUE)
    deadline, body = time.monotonic() + 20, None
    while body is None and time.monotonic() < deadline:
        _, _, body = channel.basic_get("dead-letters", auto_ack=True)
        with contextlib.suppress(pika.exceptions.AMQPError):
            channel.connection.process_data_events(0.1)
    return times, (body or b"").decode()


if __name__ == "__main__":
    verb, *more = sys.argv[1:]
    address = Path(__file__).with_name("broker-url").read_text(encoding="utf-8")
    print("result", publish(address, int(more[0])) if verb == "publish" else poison(address), flush=True)
