"""Bringing objects back: a snapshot is served beside the server, and what is wanted of it is copied over.

So the server itself writes every object: it gets its attributes, it is a new version, and what is there stays below it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hostctl.s3 import S3Error, Server
from objectctl.config import Config
from objectctl.errors import Failure
from objectctl.locks import alone
from objectctl.restic import Restic

START_LIMIT = 30.0
PART = 512 * 1024**2
"""Bytes of a part, where an object is too large for one request (5 GiB)."""
BLOCK = 1 << 20
KEPT_HEADERS = (
    "content-type",
    "content-encoding",
    "content-disposition",
    "content-language",
    "cache-control",
)
_SECRET = "of-a-server-that-only-this-process-knows"


def show(config: Config) -> None:
    """The snapshots, the newest last."""
    restic = Restic(config)
    for row in restic.snapshots():
        print(f"{row['short_id']}  {row['time'][:19]}Z")


def restore(config: Config, bucket: str, key: str | None, moment: str | None) -> None:
    """Bring a bucket, or one object of it, back as it was in a snapshot.

    ``moment``: a snapshot's id, or a time (the last snapshot before it is taken); None: the newest one. Objects that
    are as they were stay as they are; objects that are in no snapshot stay too.
    """
    restic = Restic(config)
    snapshot = chosen(restic.snapshots(), moment)
    live = Server(port=config.port, **config.root_key())
    if bucket not in _asked(live, "/").values("Name"):
        raise Failure(
            f"there is no bucket {bucket}", "pulumi up makes what the settings name; then try again"
        )
    with _scratch(config) as folder:
        print(f"fetching the snapshot of {snapshot['time'][:19]}Z", flush=True)
        restic.restore(snapshot["id"], _paths(config, bucket, key), folder)
        below = folder / config.buckets.relative_to("/")
        if not (below / bucket).is_dir():
            raise _not_there(key or bucket)
        with _served(config, below) as former:
            copied, same = _copy(former, live, bucket, key)
    if key is not None and not copied + same:
        raise _not_there(key)
    print(f"{bucket}: {copied} brought back, {same} were as they had been", flush=True)


def _not_there(what: str) -> Failure:
    return Failure(f"{what} is not in this snapshot", "dhanman-objects list shows the others")


def chosen(snapshots: list[dict[str, Any]], moment: str | None) -> dict[str, Any]:
    """The snapshot that a word means."""
    if not snapshots:
        raise Failure("there is no snapshot yet", "systemctl start the backup's unit makes the first")
    if moment is None:
        return snapshots[-1]
    named = [row for row in snapshots if row["id"].startswith(moment)]
    if len(named) == 1 and len(moment) >= 6:
        return named[0]
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        raise Failure(
            f"{moment} is neither a snapshot nor a time such as 2026-11-23T02:00:00+00:00",
            "dhanman-objects list shows all snapshots",
        ) from None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    before = [row for row in snapshots if _time_of(row) <= until]
    if not before:
        raise Failure(f"no snapshot is older than {moment}", "dhanman-objects list shows all snapshots")
    return before[-1]


def _time_of(row: dict[str, Any]) -> datetime:
    # nanoseconds, which Python does not read
    text = str(row["time"])
    zone = text[19:].lstrip(".0123456789")
    return datetime.fromisoformat(text[:19] + ("+00:00" if zone == "Z" else zone))


def _paths(config: Config, bucket: str, key: str | None) -> list[Path]:
    own = [config.buckets / bucket / key if key else config.buckets / bucket]
    if config.kind == "minio":
        system = config.buckets / ".minio.sys"
        return [*own, system / "format.json", system / "buckets" / bucket]
    return own


@contextlib.contextmanager
def _scratch(config: Config) -> Iterator[Path]:
    """A folder beside the data: a file system with extended attributes, and nobody else gets in."""
    prefix = f"{config.data.name}-restore-"
    with alone(config.state / "restore.lock", "another restore"):
        for left in config.data.parent.glob(f"{prefix}*"):
            # of a restore that was killed
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=config.data.parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _served(config: Config, data: Path) -> Iterator[Server]:
    """The server's own program on what was fetched, on a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    former = Server(port=port, access_key="restore", secret_key=_SECRET)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(data.parent)}
    if config.kind == "minio":
        environment |= {"MINIO_ROOT_USER": former.access_key, "MINIO_ROOT_PASSWORD": former.secret_key}
        environment |= {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
        command = [str(config.program), "server", "--quiet", "--address", f"127.0.0.1:{port}", str(data)]
    else:
        environment |= {"ROOT_ACCESS_KEY": former.access_key, "ROOT_SECRET_KEY": former.secret_key}
        versions = data.parent / "restored-versions"
        versions.mkdir(exist_ok=True)
        options = ("--quiet", "posix", "--versioning-dir", str(versions), str(data))
        command = [str(config.program), "--port", f"127.0.0.1:{port}", *options]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            _wait(former, process)
            yield former
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_LIMIT
    while True:
        try:
            server.ask("GET", "/")
            return
        except (OSError, S3Error):
            if process.poll() is not None or time.monotonic() > until:
                raise Failure(
                    "what was fetched can't be served",
                    "the server's log: journalctl; is its version the same?",
                ) from None
            time.sleep(0.1)


def _copy(former: Server, live: Server, bucket: str, key: str | None) -> tuple[int, int]:
    copied = same = 0
    for row in _listed(former, bucket, key):
        if _tag(live, bucket, row["Key"]) == row["ETag"]:
            same += 1
            continue
        _carry(former, live, f"/{bucket}/{row['Key']}")
        copied += 1
    return copied, same


def _listed(server: Server, bucket: str, key: str | None) -> Iterator[dict[str, str]]:
    query = {"list-type": "2"} | ({"prefix": key} if key else {})
    while True:
        page = _asked(server, f"/{bucket}", query)
        yield from (row for row in page.rows("Contents") if key in (None, row["Key"]))
        following = page.values("NextContinuationToken")
        if not following or not following[0]:
            return
        query["continuation-token"] = following[0]


def _tag(server: Server, bucket: str, key: str) -> str | None:
    try:
        return server.ask("HEAD", f"/{bucket}/{key}").headers.get("etag")
    except S3Error as error:
        if error.status == 404:
            return None
        raise


def _carry(former: Server, live: Server, path: str) -> None:
    answer, connection = former.open(path)
    with contextlib.closing(connection):
        length = int(answer.headers["content-length"])
        headers = {
            name.lower(): value
            for name, value in answer.getheaders()
            if name.lower() in KEPT_HEADERS or name.lower().startswith("x-amz-meta-")
        }
        if length <= PART:
            live.send(path, answer, length, headers=headers)
            return
        upload = live.ask("POST", path, {"uploads": ""}, headers=headers).values("UploadId")[0]
        tags = []
        for number, start in enumerate(range(0, length, PART), start=1):
            size = min(PART, length - start)
            query = {"partNumber": str(number), "uploadId": upload}
            tags.append(live.send(path, _piece(answer, size), size, query).headers["etag"])
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        live.ask("POST", path, {"uploadId": upload}, body)


def _piece(answer: Any, size: int) -> Iterator[bytes]:
    while size:
        block = answer.read(min(BLOCK, size))
        if not block:
            raise Failure("an object ends before its length", "try again; if it stays so, another snapshot")
        size -= len(block)
        yield block


def _asked(server: Server, path: str, query: dict[str, str] | None = None) -> Any:
    try:
        return server.ask("GET", path, query)
    except OSError as error:
        raise Failure(
            f"the object storage does not answer ({error})", "systemctl status 'dhanman-object-storage-*'"
        ) from None


def is_root() -> bool:
    """Whether this process may read what the server keeps."""
    return os.geteuid() == 0
