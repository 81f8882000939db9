"""The bucket that backups go to, at one of several providers."""

from components.backup.bucket.component import BackupBucket, BackupBucketArgs, BucketAccess
from components.backup.bucket.spec import BucketSpec, Lock

__all__ = ["BackupBucket", "BackupBucketArgs", "BucketAccess", "BucketSpec", "Lock"]
