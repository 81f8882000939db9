"""What takes messages: a webhook over HTTPS and a mail relay with STARTTLS and logins, as real servers."""

from __future__ import annotations

import base64
import http.server
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from tests.certificates import Certificates

USER, PASSWORD = "login@smtp-brevo.example", "not-a-real-smtp-key"
PATH = "/services/T000/B000/not-a-real-webhook"


def _context(made: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    return context


class Webhook(http.server.ThreadingHTTPServer):
    """``texts``: what was posted to it. ``status``: what it answers."""

    daemon_threads = True

    def __init__(self, address: str, made: Certificates) -> None:
        super().__init__((address, 0), _Posted)
        self.texts: list[str] = []
        self.status = 200
        self.socket = _context(made).wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the server is the client's business."""


class _Posted(http.server.BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.status if self.path == PATH else 404
        if status == http.HTTPStatus.OK:
            self.server.texts.append(json.loads(body)["text"])
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@dataclass
class Relay:
    """``mails``: what it has taken. ``refusing``: the answer to every recipient, if it takes none."""

    address: str
    made: Certificates
    mails: list[EmailMessage] = field(default_factory=list)
    refusing: str = ""
    encrypted_logins: int = 0
    plain_logins: int = 0
    port: int = 0


class _Dialogue(socketserver.StreamRequestHandler):
    """RFC 5321, with STARTTLS (RFC 3207) and AUTH PLAIN and LOGIN (RFC 4954); no mail without both."""

    def handle(self) -> None:
        self.relay: Relay = cast("_Server", self.server).relay
        self.encrypted = self.known = False
        self._say("220 relay of the tests")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            self._do(verb.upper(), rest)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def _ask(self, prompt: str) -> str:
        self._say(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return base64.b64decode(self.rfile.readline().strip()).decode()

    def _do(self, verb: str, rest: str) -> None:
        if verb == "EHLO":
            self._say("250-relay")
            self._say("250 AUTH PLAIN LOGIN" if self.encrypted else "250 STARTTLS")
        elif verb == "STARTTLS":
            self._say("220 go ahead")
            self.connection = _context(self.relay.made).wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
            self.encrypted = True
        elif verb == "AUTH":
            self._login(rest)
        elif not self.known:
            self._say("530 5.7.0 authentication required")
        elif verb == "RCPT" and self.relay.refusing:
            self._say(self.relay.refusing)
        elif verb == "DATA":
            self._say("354 send it")
            self._take()
            self._say("250 taken")
        else:
            self._say("250 fine")

    def _login(self, rest: str) -> None:
        way, _, initial = rest.partition(" ")
        if way.upper() == "PLAIN":
            user, password = base64.b64decode(initial).decode().split("\0")[1:]
        else:
            user = base64.b64decode(initial).decode() if initial else self._ask("Username:")
            password = self._ask("Password:")
        self.relay.encrypted_logins += self.encrypted
        self.relay.plain_logins += not self.encrypted
        self.known = self.encrypted and (user, password) == (USER, PASSWORD)
        self._say("235 welcome" if self.known else "535 5.7.8 authentication failed")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.relay.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        super().__init__((relay.address, relay.port), _Dialogue)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the server is the client's business."""


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Inside, it answers."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook(address: str, made: Certificates) -> Iterator[Webhook]:
    """A webhook that takes what is posted to its path."""
    server = Webhook(address, made)
    with serving(server):
        yield server


@contextmanager
def relay(address: str, made: Certificates) -> Iterator[Relay]:
    """A relay that takes mail from who is logged in over TLS."""
    known = Relay(address=address, made=made)
    server = _Server(known)
    known.port = int(server.server_address[1])
    with serving(server):
        yield known
