"""An ACME server that makes accounts and then refuses orders, as far as a client gets: what Pebble can't do."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.certificates import Certificates

URN = "urn:ietf:params:acme:error:"


@dataclass
class AcmeServer:
    """``refusal``: status, headers and problem with which every order is answered. ``orders``: how many were asked."""

    name: str
    port: int = 0
    refusal: tuple[int, dict[str, str], dict[str, Any]] = (429, {}, {})
    orders: int = 0
    accounts: int = 0
    nonces: int = field(default=0)

    @property
    def directory(self) -> str:
        return f"https://{self.name}:{self.port}/dir"

    def limit(self, seconds: int, detail: str) -> None:
        """Refuse orders as Let's Encrypt does beyond a rate limit (RFC 8555, section 6.6)."""
        problem = {"type": f"{URN}rateLimited", "detail": detail, "status": 429}
        self.refusal = (429, {"Retry-After": str(seconds)}, problem)


@contextmanager
def acme_server(address: str, name: str, made: Certificates) -> Iterator[AcmeServer]:
    """Serve at an address under a name that the certificate is for."""
    known = AcmeServer(name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            base = f"https://{known.name}:{known.port}"
            names = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
            self._answer(200, {}, {name: f"{base}/{name}" for name in names} | {"meta": {}})

        def do_HEAD(self) -> None:
            self._answer(200, {}, None)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/newAccount":
                known.accounts += 1
                where = {"Location": f"https://{known.name}:{known.port}/account/1"}
                self._answer(201, where, {"status": "valid"})
            elif self.path == "/newOrder":
                known.orders += 1
                status, headers, problem = known.refusal
                self._answer(status, headers, problem, "application/problem+json")
            else:
                self._answer(200, {}, {"status": "valid"})

        def _answer(
            self, status: int, headers: dict[str, str], body: Any, kind: str = "application/json"
        ) -> None:
            content = b"" if body is None else json.dumps(body).encode()
            known.nonces += 1
            self.send_response(status)
            for key, value in {
                "Content-Type": kind,
                "Replay-Nonce": f"nonce{known.nonces:011}",
                **headers,
            }.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    with ThreadingHTTPServer((address, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        known.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield known
        finally:
            server.shutdown()
