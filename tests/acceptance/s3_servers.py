"""Real S3 servers on a port of this machine: versitygw, and MinIO, which also offers lifecycle rules."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import build, digest
from scripts.steps import Steps
from tests import processes
from tests.acceptance import object_store
from toolchain import paths

KEY_ID, KEY = "testadminkey", "not-a-real-admin-key"
HOST_KEY_ID, HOST_KEY = "testhostkey", "not-a-real-key-of-a-host"
_MINIO = Path(__file__).resolve().parent / "minio"


@dataclass(frozen=True)
class Server:
    """``url``: where it answers. ``client``: boto3's, with the key of the administrator."""

    kind: str
    url: str
    program: Path
    folder: Path

    @property
    def client(self) -> Any:
        return self.client_with(KEY_ID, KEY)

    def client_with(self, key_id: str, key: str) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key_id,
            aws_secret_access_key=key,
        )

    def add_user(self) -> None:
        """The host's key, which may nothing until a policy of a bucket says so (versitygw)."""
        command = [
            str(self.program),
            "admin",
            "--access",
            KEY_ID,
            "--secret",
            KEY,
            "--endpoint-url",
            self.url,
        ]
        user = ["create-user", "--access", HOST_KEY_ID, "--secret", HOST_KEY, "--role", "user"]
        subprocess.run([*command, *user], check=True, capture_output=True)

    def allow(self, bucket: str, policy: dict[str, Any]) -> None:
        """Give the host's key what an IAM policy says, as a policy of the bucket."""
        statements = [one | {"Principal": {"AWS": [HOST_KEY_ID]}} for one in policy["Statement"]]
        self.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy | {"Statement": statements}))


def _versitygw(folder: Path, port: int) -> tuple[Path, list[str], dict[str, str]]:
    program = object_store.program(Steps(folder / "logs"))
    for name in ("data", "versions", "sidecar", "iam"):
        (folder / name).mkdir()
    options = ["--port", f"127.0.0.1:{port}", "--quiet", "--iam-dir", str(folder / "iam"), "posix"]
    options += ["--sidecar", str(folder / "sidecar"), "--versioning-dir", str(folder / "versions")]
    return program, [*options, str(folder / "data")], {"ROOT_ACCESS_KEY": KEY_ID, "ROOT_SECRET_KEY": KEY}


def minio(steps: Steps) -> Path:
    """MinIO, built at the first call (5 minutes; needs Go) into the shared cache, under its sources' digest."""
    program = paths.cache() / "tests" / f"minio-{digest(_MINIO)}"
    build(steps, "Building MinIO (about 5 minutes)", _MINIO, "github.com/minio/minio", program)
    return program


def _minio(folder: Path, port: int) -> tuple[Path, list[str], dict[str, str]]:
    program = minio(Steps(folder / "logs"))
    (folder / "data").mkdir()
    options = ["server", "--quiet", "--address", f"127.0.0.1:{port}", str(folder / "data")]
    return program, options, {"MINIO_ROOT_USER": KEY_ID, "MINIO_ROOT_PASSWORD": KEY}


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Server]:
    """A server that is up, with nothing in it."""
    from botocore.exceptions import BotoCoreError, ClientError

    port = processes.free_port()
    program, options, env = (_versitygw if kind == "versitygw" else _minio)(folder, port)
    server = Server(kind, f"http://127.0.0.1:{port}", program, folder)
    command, refusals = [str(program), *options], (BotoCoreError, ClientError)
    with processes.running(command, folder / "log", server.client.list_buckets, refusals, env):
        yield server
