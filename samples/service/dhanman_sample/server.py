"""Connections: accept, one thread each, and a stop that loses no request.

The stop does what Kestrel's does at SIGINT: it takes no new connections, closes the idle ones and
finishes the requests in flight.
"""

from __future__ import annotations

import contextlib
import enum
import selectors
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence

from . import log
from .listeners import Listener

_FIRST_REQUEST_SECONDS = 1.0
_ACCEPT_PAUSE_SECONDS = 0.1


class Phase(enum.Enum):
    """What a connection is doing, as far as the stop is concerned."""

    NEW = "accepted, its first request not yet read"
    IDLE = "waiting for another request"
    BUSY = "answering a request"


class Server(socketserver.BaseServer):
    """Serves HTTP on every listener until ``stop`` is called, then drains for at most ``drain_seconds``.

    ``expired`` is set when that limit is over, so that a handler which only waits can give up.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        handler: Callable[[socket.socket, object, Server], object],
        *,
        drain_seconds: float,
    ) -> None:
        """Take over the listeners; ``run`` closes them."""
        super().__init__(None, handler)  # type: ignore[arg-type]
        self.expired = threading.Event()
        self._listeners = listeners
        self._drain_seconds = drain_seconds
        self._stopping = threading.Event()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)
        self._phases: dict[socket.socket, Phase] = {}
        self._changed = threading.Condition()

    @property
    def stopping(self) -> bool:
        """Whether connections close after their present request."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Begin the stop; safe in a signal handler and more than once."""
        self._stopping.set()
        with contextlib.suppress(BlockingIOError):
            self._wake_writer.send(b"x")

    def run(self) -> int:
        """Serve until stopped; return the number of requests that the drain limit cut off."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            for listener in self._listeners:
                listener.socket.setblocking(False)
                selector.register(listener.socket, selectors.EVENT_READ, listener)
            while not self.stopping:
                for key, _ in selector.select():
                    if key.data is not None:
                        self._accept(key.data.socket)
        for listener in self._listeners:
            # Who is in the backlog has a connection already, and would see a reset.
            listener.withdraw()
            self._accept(listener.socket)
            listener.close()
        return self._drain()

    def enter(self, connection: socket.socket, phase: Phase) -> bool:
        """Note what a connection does now; return whether it may wait for another request."""
        with self._changed:
            self._phases[connection] = phase
            self._changed.notify_all()
            return not self.stopping

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                log.error(f"accept: {error.strerror}")
                self._stopping.wait(_ACCEPT_PAUSE_SECONDS)
                return
            connection.setblocking(True)
            self.enter(connection, Phase.NEW)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self.finish_request(connection, None)
        except OSError:
            # The client went away; there is nobody left to tell.
            pass
        except Exception as error:
            log.error(f"connection: {type(error).__name__}")
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            with self._changed:
                del self._phases[connection]
                self._changed.notify_all()
            connection.close()

    def _drain(self) -> int:
        limit = time.monotonic() + self._drain_seconds
        with self._changed:
            self._end_reading(Phase.IDLE)
            first = min(_FIRST_REQUEST_SECONDS, self._drain_seconds)
            self._changed.wait_for(lambda: not self._count(Phase.NEW), first)
            self._end_reading(Phase.NEW)
            self._changed.wait_for(lambda: not self._phases, max(0.0, limit - time.monotonic()))
            abandoned = self._count(Phase.BUSY)
        self.expired.set()
        return abandoned

    def _count(self, phase: Phase) -> int:
        return sum(1 for each in self._phases.values() if each is phase)

    def _end_reading(self, phase: Phase) -> None:
        # What has arrived can still be read after this, so a request on its way in is not lost.
        for connection, each in self._phases.items():
            if each is phase:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
