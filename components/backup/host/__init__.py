"""Backups of what a host is configured by."""

from components.backup.host.plan import HostBackupSpec, host_backup_unit

__all__ = ["HostBackupSpec", "host_backup_unit"]
