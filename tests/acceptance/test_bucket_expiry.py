"""What was deleted or overwritten really goes after its days, and not before: MinIO's own rules at work.

Clocks are left alone. MinIO takes the time of a version from whoever copies buckets, so versions are made that are days
old; its scanner, which obeys the rules, is told to look every second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.backup.bucket.spec import Lock
from tests.acceptance import s3_servers
from tests.acceptance.s3_servers import Server
from tests.acceptance.test_bucket import NAME, make
from tests.waiting import until

pytestmark = [pytest.mark.host, pytest.mark.slow]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MINIO_SCANNER_SPEED", "fastest")
    monkeypatch.setenv("MINIO_SCANNER_CYCLE", "1s")
    with s3_servers.running("minio", tmp_path) as made:
        yield made


def days_ago(server: Server, days: int) -> Any:
    """A client whose uploads and deletions were made so many days ago."""
    made = server.client
    when = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def say_when(request: Any, **_: Any) -> None:
        request.headers["X-Minio-Source-Mtime"] = when
        request.headers["X-Minio-Source-Replication-Request"] = "true"

    for operation in ("PutObject", "DeleteObject"):
        made.meta.events.register(f"before-sign.s3.{operation}", say_when)
    return made


def deleted(server: Server, name: str, *, uploaded: int, hidden: int) -> None:
    days_ago(server, uploaded).put_object(Bucket=NAME, Key=name, Body=b"dump")
    days_ago(server, hidden).delete_object(Bucket=NAME, Key=name)


def versions(server: Server, name: str) -> tuple[int, int]:
    """How many versions there are of it, and how many markers."""
    found = server.client.list_object_versions(Bucket=NAME, Prefix=name)
    return len(found.get("Versions", [])), len(found.get("DeleteMarkers", []))


def test_what_was_deleted_is_there_for_its_days_and_then_gone_with_its_marker(server: Server) -> None:
    make(server, hidden_days=7)
    deleted(server, "day-6", uploaded=40, hidden=6)
    deleted(server, "day-9", uploaded=40, hidden=9)
    days_ago(server, 40).put_object(Bucket=NAME, Key="overwritten", Body=b"first")
    days_ago(server, 9).put_object(Bucket=NAME, Key="overwritten", Body=b"second")
    days_ago(server, 400).put_object(Bucket=NAME, Key="old-and-not-deleted", Body=b"x")

    until(lambda: versions(server, "day-9") == (0, 0) and versions(server, "overwritten") == (1, 0), 60)
    assert versions(server, "day-6") == (1, 1)
    assert versions(server, "old-and-not-deleted") == (1, 0)
    assert server.client.get_object(Bucket=NAME, Key="overwritten")["Body"].read() == b"second"


def test_fewer_days_hold_for_what_is_hidden_already(server: Server) -> None:
    make(server, hidden_days=7)
    deleted(server, "day-6", uploaded=40, hidden=6)
    deleted(server, "day-1", uploaded=40, hidden=1)
    make(server, hidden_days=3)
    until(lambda: versions(server, "day-6") == (0, 0), 60)
    assert versions(server, "day-1") == (1, 1)


def test_what_is_locked_outlasts_its_days(server: Server) -> None:
    lock = Lock(days=14, mode="governance")
    make(server, lock=lock)
    make(server)
    deleted(server, "free", uploaded=40, hidden=9)
    make(server, lock=lock)
    deleted(server, "locked", uploaded=40, hidden=9)
    until(lambda: versions(server, "free") == (0, 0), 60)
    assert versions(server, "locked") == (1, 1)
