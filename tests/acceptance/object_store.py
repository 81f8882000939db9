"""A real S3 server on this machine's side of the test hosts' bridge: versitygw, over TLS with a CA of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import testbed
from bench.load import build, digest
from scripts.steps import Steps
from toolchain import paths

_MODULE = Path(__file__).resolve().parent / "versitygw"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
NAME = "s3.dhanman.test"
PORT = 7443
BUCKET = "dhanman-backups"
KEY_ID, KEY = "testbucketkey", "not-a-real-bucket-key"
START_LIMIT = 20.0


def program(steps: Steps) -> Path:
    """The server, built at the first call (2 minutes; needs Go) into the shared cache, under its sources' digest."""
    target = paths.cache() / "tests" / f"versitygw-{digest(_MODULE)}"
    build(steps, "Building the S3 server (about 2 minutes)", _MODULE, _PACKAGE, target)
    return target


@dataclass
class ObjectStore:
    """One bucket. ``folder``: new; ``data`` in it holds each object as a file. ``address``: where it listens."""

    folder: Path
    address: str
    program: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def objects(self) -> Path:
        """The bucket's objects, by their names."""
        return self.folder / "data" / BUCKET

    def settings(self) -> dict[str, Any]:
        """The bucket as ``backup.bucket`` wants it."""
        endpoint = f"https://{NAME}:{PORT}"
        return {"kind": "s3", "name": BUCKET, "endpoint": endpoint, "keyId": KEY_ID, "key": KEY}

    def make(self) -> None:
        """A CA, a certificate, an empty bucket."""
        self.objects.mkdir(parents=True)
        (self.folder / "sidecar").mkdir()
        run = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        for name, options in (
            ("ca", ["-subj", "/CN=CA of the tests"]),
            ("server", ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
                        "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.crt", "-CAkey", "ca.key"]),
        ):  # fmt: skip
            command = [*run, *options, "-keyout", f"{name}.key", "-out", f"{name}.crt"]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def known_to(self, host: testbed.Host) -> None:
        """Let a host know its name and trust its CA, as a host does whose bucket is in the same building."""
        authority = "/usr/local/share/ca-certificates/dhanman-tests.crt"
        text = (self.folder / "ca.crt").read_text()
        host.run(["sh", "-c", f"mkdir -p $(dirname {authority}); cat > {authority}"], input=text)
        host.run(f"echo '{self.address} {NAME}' >> /etc/hosts; command -v update-ca-certificates >/dev/null || "
                 "{ apt-get -qq update; apt-get -qq install -y ca-certificates; } >/dev/null; "
                 "update-ca-certificates >/dev/null")  # fmt: skip

    def command(self) -> list[str]:
        """What serves, on TLS, in the foreground."""
        return [str(self.program), "--port", f"{self.address}:{PORT}", "--cert", str(self.folder / "server.crt"),
                "--key", str(self.folder / "server.key"),
                "posix", "--sidecar", str(self.folder / "sidecar"), str(self.folder / "data")]  # fmt: skip

    def start(self) -> None:
        """Serve, and wait until it does."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {"ROOT_ACCESS_KEY": KEY_ID, "ROOT_SECRET_KEY": KEY},
            )  # fmt: skip
        until = time.monotonic() + START_LIMIT
        while True:
            try:
                socket.create_connection((self.address, PORT), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < until, "the S3 server does not start"
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop serving: nobody answers on the port."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
