"""A real S3 server on this machine's side of the test hosts' bridge: versitygw, over TLS with a CA of its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import testbed
from bench.load import build, digest
from scripts.steps import Steps
from tests.certificates import certificates
from toolchain import paths

_MODULE = Path(__file__).resolve().parent / "versitygw"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
NAME = "s3.dhanman.test"
PORT = 7443 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""One for each process of a test run: their stores stand beside each other on the bridge."""
BUCKET = "dhanman-backups"
KEY_ID, KEY = "testbucketkey", "not-a-real-bucket-key"
READER_ID, READER_KEY = "testreaderkey", "not-a-real-reader-key"
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
        (self.folder / "iam").mkdir()
        reader = {
            "access": READER_ID,
            "secret": READER_KEY,
            "role": "user",
            "userID": 0,
            "groupID": 0,
            "projectID": 0,
        }
        (self.folder / "iam/users.json").write_text(json.dumps({"accessAccounts": {READER_ID: reader}}))
        certificates(self.folder, NAME)

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
                "--key", str(self.folder / "server.key"), "--iam-dir", str(self.folder / "iam"),
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

    def let_read(self, prefix: str) -> None:
        """Let the reader's key list the bucket and read what is below ``prefix``, and nothing else."""
        bucket = f"arn:aws:s3:::{BUCKET}"
        allowed = [("s3:ListBucket", bucket), ("s3:GetObject", f"{bucket}/{prefix}/*")]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": [READER_ID], "Action": [action], "Resource": [resource]}
                for action, resource in allowed
            ],
        }
        status, said = self.put("?policy=", json.dumps(policy), KEY_ID, KEY)
        assert status < HTTPStatus.BAD_REQUEST, said

    def put(self, name: str, content: str, key_id: str, key: str) -> tuple[int, str]:
        """PUT an object, or a property of the bucket (``?name=``); status and answer."""
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", str(self.folder / "ca.crt"),
             "--resolve", f"{NAME}:{PORT}:{self.address}", "--aws-sigv4", "aws:amz:us-east-1:s3",
             "--user", f"{key_id}:{key}", "--request", "PUT", "--data-binary", "@-",
             "--header", f"x-amz-content-sha256: {hashlib.sha256(content.encode()).hexdigest()}",
             "--write-out", "\n%{http_code}", f"https://{NAME}:{PORT}/{BUCKET}{name}"],
            input=content, capture_output=True, text=True, check=True,
        )  # fmt: skip
        said, _, status = done.stdout.rpartition("\n")
        return int(status), said

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
