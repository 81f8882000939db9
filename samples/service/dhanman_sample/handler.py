"""HTTP/1.1 on one connection: reads requests, hands them to the service, writes the responses."""

from __future__ import annotations

import socket
import urllib.parse
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import BinaryIO, cast

from . import log, websocket
from .messages import Request, Response, as_json
from .server import Phase, Server
from .service import Service

_IDLE_SECONDS = 130
_BODY_LIMIT = 30_000_000
_LINE_LIMIT = 65_536


class BodyError(Exception):
    """The body of a request cannot be taken."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        """Take the status to answer with and the reason."""
        super().__init__(text)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """Serves one connection until it ends; limits are Kestrel's (130 s idle, 30 MB of body)."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # Buffered, so that a response leaves in one packet.
    wbufsize = -1
    server: Server

    def __init__(
        self, service: Service, request: socket.socket, client_address: object, server: Server
    ) -> None:
        """Serve ``request`` for ``service``; returns when the connection is to be closed."""
        self._service = service
        super().__init__(request, client_address, server)

    def parse_request(self) -> bool:
        """Parse the head of a request, the first line of which has just been read."""
        self.server.enter(self.connection, Phase.BUSY)
        return super().parse_request()

    def handle_one_request(self) -> None:
        """Serve one request, then say whether the connection may wait for another."""
        super().handle_one_request()
        if not self.close_connection and not self.server.enter(self.connection, Phase.IDLE):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tell the client to go on with its body, at once: it waits for that."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def do_GET(self) -> None:
        """Answer a GET."""
        if self.path.partition("?")[0] == "/ws":
            self._websocket()
        else:
            self._respond()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._respond()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._respond()

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._respond()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._respond()

    def version_string(self) -> str:
        """Return the Server header, without the version of Python."""
        return "dhanman-sample"

    def log_message(self, format: str, *args: object) -> None:
        """Drop the access log: the gateway keeps one."""

    def _respond(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        try:
            request = Request(
                method=self.command,
                path=url.path,
                query=url.query,
                headers=list(self.headers.items()),
                body=self._body(),
                expired=self.server.expired,
            )
            response = self._service.respond(request)
        except BodyError as error:
            self.close_connection = True
            response = as_json({"error": str(error)}, error.status)
        except OSError:
            raise
        except Exception as error:
            # The type alone: the text of an unexpected error may hold anything.
            log.error(f"{self.command} {url.path}: {type(error).__name__}")
            response = as_json({"error": "internal error"}, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(response)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("X-Instance", self._service.instance)
        # The front end lives on a domain of its own.
        self.send_header("Access-Control-Allow-Origin", "*")
        if self.server.stopping or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").casefold():
            return self._chunked_body()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BodyError(HTTPStatus.BAD_REQUEST, "Content-Length must be a number")
        return self._read(int(length), have=0)

    def _chunked_body(self) -> bytes:
        body = bytearray()
        while True:
            size = self.rfile.readline(_LINE_LIMIT).split(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise BodyError(HTTPStatus.BAD_REQUEST, "a chunk of the body has no size") from None
            if length == 0:
                break
            body += self._read(length, have=len(body))
            self.rfile.readline(_LINE_LIMIT)
        while self.rfile.readline(_LINE_LIMIT).strip():
            pass
        return bytes(body)

    def _read(self, length: int, *, have: int) -> bytes:
        if not 0 <= length <= _BODY_LIMIT - have:
            raise BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {_BODY_LIMIT} bytes")
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionAbortedError
        return data

    def _websocket(self) -> None:
        self.close_connection = True
        accept = websocket.accept_key(self.headers)
        if accept is None:
            self._send(as_json({"error": "is a WebSocket"}, HTTPStatus.UPGRADE_REQUIRED))
            return
        self.send_response(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.send_header("X-Instance", self._service.instance)
        self.end_headers()
        self.wfile.flush()
        # Idle as far as the stop goes: a WebSocket is never done, so it is told to come back elsewhere.
        if not self.server.enter(self.connection, Phase.IDLE):
            self.connection.shutdown(socket.SHUT_RD)
        websocket.echo(cast("BinaryIO", self.rfile), cast("BinaryIO", self.wfile))
