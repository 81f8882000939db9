"""Object storage of either kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.object_storage.backup import ObjectBackupSpec, Repository
from components.object_storage.plan import Installed, ObjectStorageSpec

VERSITYGW = ObjectStorageSpec(
    environment="qa",
    kind="versitygw",
    version="1.8.0",
    program=Installed(source="https://x/versitygw.tar.gz", sha256="a" * 64, executable="v/versitygw"),
    client=None,
    port=9000,
    data="/var/lib/dhanman-object-storage-qa",
    memory_max=512 << 20,
    services=("payroll", "sales"),
)
MINIO = replace(
    VERSITYGW,
    kind="minio",
    program=Installed(source="https://x/minio", sha256="a" * 64, executable="minio", archive=False),
    client=Installed(source="https://x/mc", sha256="b" * 64, executable="mc", archive=False),
)
BACKUP = ObjectBackupSpec(
    storage=VERSITYGW,
    repository=Repository(
        endpoint="https://s3.example.com",
        bucket="dhanman",
        path="postgresql/object-storage",
        region="eu-1",
        key_id="keyid",
    ),
    retention_days=30,
    schedule="*-*-* 02:30:00",
    check_schedule="Sun *-*-* 03:30:00",
    jitter=900,
)


@pytest.fixture
def versitygw() -> ObjectStorageSpec:
    return VERSITYGW


@pytest.fixture
def minio() -> ObjectStorageSpec:
    return MINIO


@pytest.fixture
def backup() -> ObjectBackupSpec:
    return BACKUP
