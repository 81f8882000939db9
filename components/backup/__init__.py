"""Backups of every database, and the bucket they go to."""

from components.backup.component import Backup, BackupArgs, BackupBucket, BackupBucketArgs
from components.backup.plan import BackupSpec, Remote, backup_unit

__all__ = ["Backup", "BackupArgs", "BackupBucket", "BackupBucketArgs", "BackupSpec", "Remote", "backup_unit"]
