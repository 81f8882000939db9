"""From settings to the object storage and its backup. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.artifacts import is_archive, pack_program
from components.naming import UPLOADS
from components.object_storage.backup import FOLDER, ObjectBackupSpec, Repository
from components.object_storage.plan import Installed, ObjectStorageSpec
from components.settings import FolderBucket, ObjectStorage, Program, Settings
from components.specs.backups import bucket, s3_bucket


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The object storage. ``uploads``: programs on this machine, each with its path on the host."""

    storage: ObjectStorageSpec
    backup: ObjectBackupSpec
    uploads: tuple[tuple[Path, str], ...]


def objects(settings: Settings, wanted: ObjectStorage) -> Objects:
    """The object storage and its backup."""
    environment = settings.environment
    vendors = f"versitygw_v{wanted.version}_Linux_x86_64/versitygw" if wanted.kind == "versitygw" else "minio"
    program, upload = _installed(environment, wanted.kind, wanted.artifact, vendors)
    client, client_upload = (
        _installed(environment, "mc", wanted.client, "mc") if wanted.client else (None, None)
    )
    storage = ObjectStorageSpec(
        environment=environment,
        kind=wanted.kind,
        version=wanted.version,
        program=program,
        client=client,
        port=wanted.port,
        data=wanted.data_directory or f"/var/lib/dhanman-object-storage-{environment}",
        memory_max=wanted.memory_max,
        services=settings.bucketed,
    )
    backup = ObjectBackupSpec(
        storage=storage,
        repository=_object_repository(settings, wanted.backup.directory),
        retention_days=settings.backup.retention_days,
        schedule=wanted.backup.schedule,
        check_schedule=wanted.backup.check_schedule,
        jitter=wanted.backup.jitter,
        alerts=settings.alerts is not None,
    )
    return Objects(storage=storage, backup=backup, uploads=tuple(u for u in (upload, client_upload) if u))


def _installed(
    environment: str, name: str, wanted: Program, within: str
) -> tuple[Installed, tuple[Path, str] | None]:
    """A program, and what of it is uploaded. ``within``: where it is in the vendor's archive."""
    if wanted.path is None:
        url = wanted.url or ""
        archive = is_archive(url.partition("?")[0])
        executable = wanted.executable or (within if archive else within.rpartition("/")[2])
        made = Installed(source=url, sha256=wanted.sha256 or "", executable=executable, archive=archive)
        return made, None
    source = Path(wanted.path)
    archive = source.is_dir() or is_archive(source.name)
    executable = wanted.executable or (within if archive else within.rpartition("/")[2])
    packed = pack_program(source, executable)
    place = f"{UPLOADS}/{name}-{environment}-{packed.sha256[:12]}.tar.gz"
    return Installed(source=place, sha256=packed.sha256, executable=executable), (packed.path, place)


def _object_repository(settings: Settings, directory: str) -> Repository:
    """The backup's bucket, beside the databases; without one, a folder of the host."""
    if isinstance(settings.backup.bucket, FolderBucket):
        return Repository(directory=f"{settings.backup.bucket.path}/{FOLDER}")
    found = bucket(settings)
    if found is None:
        return Repository(directory=directory)
    at = s3_bucket(found)
    return Repository(
        endpoint=at.endpoint,
        bucket=at.name,
        path=f"{at.prefix}/{FOLDER}",
        region=at.region,
        key_id=at.key_id,
    )
