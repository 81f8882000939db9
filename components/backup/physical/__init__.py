"""Continuous archiving and backups of the whole cluster with pgBackRest."""

from components.backup.physical.bucket import Bucket
from components.backup.physical.plan import ARCHIVE_TIMEOUT, PhysicalSpec, Schedules, physical_unit

__all__ = ["ARCHIVE_TIMEOUT", "Bucket", "PhysicalSpec", "Schedules", "physical_unit"]
