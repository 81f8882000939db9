"""A real NGINX, with the files of units in a folder of its own and on ports of its own."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from components.unit import File, OlderPackage, Symlink, Unit
from tests import debian

MAIN = """
daemon off;
pid {root}/nginx.pid;
error_log {root}/log/error.log;
{user}
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/etc/nginx/conf.d/*.conf;
    include {root}/etc/nginx/sites-enabled/*;
    types {{ text/html html; application/javascript js; image/svg+xml svg; }}
}}
"""


def _program() -> str | None:
    # another build of NGINX can be named, so that each version that a distribution carries can be tried
    named = os.environ.get("DHANMAN_TEST_NGINX")
    return named or debian.program("nginx", "usr/sbin/nginx")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass
class Nginx:
    """One NGINX under ``root``."""

    root: Path
    program: str
    version: tuple[int, ...]
    openssl: tuple[int, ...]
    http_port: int = field(default_factory=_free_port)
    https_port: int = field(default_factory=_free_port)
    _process: subprocess.Popen[bytes] | None = None

    def local(self, text: str) -> str:
        """A text or path of the host, moved below ``root`` and to the ports of this NGINX."""
        for folder in ("/etc/nginx", "/run/dhanman", "/var/www", "/opt/dhanman"):
            text = text.replace(folder, f"{self.root}{folder}")
        text = text.replace("/var/log/nginx", f"{self.root}/log")
        text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.https_port}", text)
        return re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.http_port}", text)

    def path(self, path: str) -> Path:
        """Where a path of the host is here; its folder is made."""
        moved = Path(self.local(path))
        moved.parent.mkdir(parents=True, exist_ok=True)
        return moved

    def place(self, unit: Unit) -> None:
        """The unit's files and links."""
        for thing in unit.things:
            if isinstance(thing, File):
                older = thing.older if thing.older and self._is_older(thing.older) else None
                self.path(thing.path).write_text(self.local((older or thing).content))
            elif isinstance(thing, Symlink):
                self.path(thing.path).symlink_to(self.local(thing.target))

    def _is_older(self, variant: OlderPackage) -> bool:
        has = {"nginx": self.version, "openssl": self.openssl}[variant.package]
        return has < tuple(map(int, variant.below.split(".")))

    def _command(self) -> list[str]:
        (self.root / "log").mkdir(exist_ok=True)
        config = self.root / "nginx.conf"
        config.write_text(MAIN.format(root=self.root, user="user root;" if os.geteuid() == 0 else ""))
        return [self.program, "-p", str(self.root), "-e", str(self.root / "log/error.log"), "-c", str(config)]

    def check(self) -> str:
        """What ``nginx -t`` says beside its success; a refusal fails the test."""
        done = subprocess.run([*self._command(), "-t", "-q"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def start(self) -> None:
        """Runs until :meth:`stop`."""
        self._process = subprocess.Popen(self._command(), stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.https_port), 1):
                return
            assert self._process.poll() is None, self._process.stderr and self._process.stderr.read()
            time.sleep(0.02)
        raise AssertionError("NGINX does not listen")

    def stop(self) -> None:
        """Ends the process and waits for it."""
        if self._process:
            self._process.terminate()
            self._process.communicate(timeout=10)

    def tls(self, name: str, alpn: tuple[str, ...] = ()) -> ssl.SSLSocket:
        """A TLS connection that asks for this name."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        plain = socket.create_connection(("127.0.0.1", self.https_port), 10)
        return context.wrap_socket(plain, server_hostname=name)

    def ask(self, url: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """One request, each on its own connection."""
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        if scheme == "https":
            connection.sock = self.tls(host)
        connection.request(method, slash + path, headers={"Host": host, **(headers or {})})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        connection.close()
        return answer

    def log(self, name: str) -> str:
        """A log file's text."""
        return (self.root / "log" / name).read_text()


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeService

    def do_GET(self) -> None:
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        if self.path == "/ws" and self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.server.release.wait(10)
            self.wfile.write(b"late")
            self.close_connection = True
            return
        if self.path == "/drop":
            self.close_connection = True
            return
        if self.path == "/slow":
            self.server.release.wait(10)
        body = b"from the service"
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Powered-By", "ASP.NET")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


class FakeService(ThreadingHTTPServer):
    """Stands for a service's current release on its Unix socket."""

    address_family = socket.AF_UNIX

    def __init__(self, path: Path) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.release = threading.Event()
        super().__init__(str(path), _Service)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, _ = self.socket.accept()
        return connection, ("gateway", 0)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say: the gateway gave up on a request that a test made too slow."""


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Certificate and key, good enough to serve."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = str(folder / "fullchain.pem"), str(folder / "privkey.pem")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(
        [*new, "-subj", "/CN=test", "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    return certificate, key


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """A real NGINX, not started yet."""
    program = _program()
    if program is None:
        pytest.skip("no nginx here, and no Debian package to take it from (name one in DHANMAN_TEST_NGINX)")
    said = subprocess.run([program, "-V"], capture_output=True, text=True, check=True).stderr
    version = tuple(map(int, re.findall(r"nginx/(\d+)\.(\d+)\.(\d+)", said)[0]))
    # the last one is what it runs with
    openssl = tuple(map(int, re.findall(r"OpenSSL (\d+)\.(\d+)", said)[-1]))
    server = Nginx(tmp_path, program, version, openssl)
    yield server
    server.stop()


@pytest.fixture
def service(nginx: Nginx) -> Iterator[FakeService]:
    """The service ``sales`` of ``prod``, reached over the link to its socket as on a host."""
    socket_path = nginx.root / "blue.sock"
    nginx.path("/run/dhanman/prod/sales.sock").symlink_to(socket_path)
    server = FakeService(socket_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()
