"""Object storage: an S3 server with a private bucket for each service, and its backups."""

from components.object_storage.component import (
    ObjectBackup,
    ObjectBackupArgs,
    ObjectStorage,
    ObjectStorageArgs,
)
from components.object_storage.plan import (
    REGION,
    Installed,
    ObjectStorageSpec,
    bucket_name,
    buckets_unit,
    server_unit,
)

__all__ = [
    "REGION",
    "Installed",
    "ObjectBackup",
    "ObjectBackupArgs",
    "ObjectStorage",
    "ObjectStorageArgs",
    "ObjectStorageSpec",
    "bucket_name",
    "buckets_unit",
    "server_unit",
]
