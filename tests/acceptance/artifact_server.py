"""A server of artifacts with HTTPS, a CA of its own, and every way in which such a server disappoints."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

_EXTENSIONS = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
subjectAltName = IP:{address}
authorityKeyIdentifier = keyid
"""


class ArtifactServer(http.server.ThreadingHTTPServer):
    """``archives``: what a path serves. ``truncated``, ``stalled``: of these half comes, then the end or nothing."""

    daemon_threads = True

    def __init__(self, address: str, certificate: Path, authority: Path) -> None:
        super().__init__((address, 0), _Handler)
        self.authority = authority
        self.archives: dict[str, bytes] = {}
        self.truncated: set[str] = set()
        self.stalled: set[str] = set()
        self.asked: list[str] = []
        self.ending = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # the handshake belongs to the thread of the connection: one that hangs must not keep the others out
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def url(self, path: str) -> str:
        """Address of a path."""
        host, port = self.server_address[:2]
        return f"https://{host!s}:{port}/{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ArtifactServer

    def do_GET(self) -> None:
        path = self.path.removeprefix("/")
        self.server.asked.append(path)
        archive = self.server.archives.get(path)
        if archive is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(archive)))
        self.end_headers()
        half = path in self.server.truncated | self.server.stalled
        self.wfile.write(archive[: len(archive) // 2] if half else archive)
        self.wfile.flush()
        if path in self.server.stalled:
            self.server.ending.wait()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: the test asks ``asked``."""


@contextlib.contextmanager
def artifact_server(folder: Path, address: str) -> Iterator[ArtifactServer]:
    """Serve on ``address`` until the block ends; ``authority`` is the certificate to trust."""
    authority = _certificates(folder, address)
    server = ArtifactServer(address, folder / "server.pem", authority)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _certificates(folder: Path, address: str) -> Path:
    """Make a CA and the server's certificate with its key (``server.pem``); the CA's certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extensions.cnf").write_text(_EXTENSIONS.format(address=address))

    def openssl(command: str) -> None:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)

    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl(f"req {key} -keyout ca.key -out ca.csr -subj /CN=artifacts-of-the-test")
    openssl("x509 -req -in ca.csr -signkey ca.key -days 2 -extfile extensions.cnf -extensions ca -out ca.crt")
    openssl(f"req {key} -keyout server.key -out server.csr -subj /CN=artifacts")
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2"
        " -extfile extensions.cnf -extensions server -out server.crt"
    )
    (folder / "server.pem").write_text(
        (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    )
    return folder / "ca.crt"
