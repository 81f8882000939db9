"""Backups of every database, and the bucket they go to."""

from components.backup.bucket import BackupBucket, BackupBucketArgs, BucketAccess, BucketSpec, Lock
from components.backup.component import Backup, BackupArgs
from components.backup.plan import BackupSpec, Remote, backup_unit

__all__ = [
    "Backup",
    "BackupArgs",
    "BackupBucket",
    "BackupBucketArgs",
    "BackupSpec",
    "BucketAccess",
    "BucketSpec",
    "Lock",
    "Remote",
    "backup_unit",
]
