"""What must hold for the object storage."""

from __future__ import annotations

from collections.abc import Iterator

from components.settings.buckets import B2Bucket
from components.settings.finding import Finding, Rule
from components.settings.model import StackFile
from components.settings.problems import Path

SECTION: Path = ("objectStorage",)
ROLE: Path = ("roles", "objectStorage")


def object_storage_has_a_host(_stack: str, file: StackFile) -> Iterator[Finding]:
    """The section and the role come together."""
    if file.object_storage and not file.roles.object_storage:
        yield Finding(ROLE, "is missing: which host carries the object storage?", (SECTION,))
    if file.roles.object_storage and file.object_storage is None:
        yield Finding(SECTION, "is missing: which server, and from where?", (ROLE,))


def buckets_are_of_services(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A bucket is a service's, and each service has one at most."""
    names = (file.object_storage.buckets if file.object_storage else None) or ()
    for position, name in enumerate(names):
        path = (*SECTION, "buckets", str(position))
        if name not in file.services:
            text = f"there is no service {name}; services has {', '.join(file.services)}"
            yield Finding(path, text, (("services", name),))
        elif name in names[:position]:
            yield Finding(path, f"{name} is named twice")


def only_minio_has_a_client(_stack: str, file: StackFile) -> Iterator[Finding]:
    """MinIO's administration speaks to its own client alone; versitygw needs none."""
    wanted = file.object_storage
    if wanted is None:
        return
    if wanted.kind == "minio" and wanted.client is None:
        yield Finding((*SECTION, "client"), "is missing: MinIO is administered by its client mc alone")
    if wanted.kind != "minio" and wanted.client is not None:
        yield Finding((*SECTION, "client"), f"{wanted.kind} needs none; take it out", ((*SECTION, "kind"),))


def objects_have_folders_of_their_own(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Neither objects nor their backups lie in the folder of anything else that is kept."""
    wanted = file.object_storage
    if wanted is None:
        return
    folders: list[tuple[Path, str | None]] = [
        (("backup", "directory"), file.backup.directory),
        (("backup", "physical", "directory"), file.backup.physical.directory),
        ((*SECTION, "dataDirectory"), wanted.data_directory),
        ((*SECTION, "backup", "directory"), wanted.backup.directory),
    ]
    for position, (path, folder) in enumerate(folders):
        for other, taken in folders[:position]:
            if path[0] == SECTION[0] and folder and taken and _nested(folder, taken):
                yield Finding(path, f"must be neither {'/'.join(other)} nor above or below it", (other,))


def _nested(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def object_backup_has_an_endpoint(_stack: str, file: StackFile) -> Iterator[Finding]:
    """restic reaches a bucket through its S3 API."""
    bucket = file.backup.bucket
    # where pgBackRest needs it too, its own rule says so
    missing = isinstance(bucket, B2Bucket) and bucket.endpoint is None
    if missing and file.object_storage and not file.backup.physical.enabled:
        text = "is missing; objects are backed up through it, and the bucket's page at Backblaze names it"
        yield Finding(("backup", "bucket", "endpoint"), text, (SECTION,))


OBJECT_RULES: tuple[Rule, ...] = (
    object_storage_has_a_host,
    buckets_are_of_services,
    only_minio_has_a_client,
    objects_have_folders_of_their_own,
    object_backup_has_an_endpoint,
)
