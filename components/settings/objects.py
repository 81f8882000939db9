"""The object storage: which server, from where, and what services keep in it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import (
    AbsolutePath,
    ByteSize,
    Calendar,
    HttpsUrl,
    LocalPath,
    Name,
    Seconds,
    Sha256,
    UnprivilegedPort,
    Version,
)

MIB = 1024**2


class Program(Model):
    """A program of a vendor: a file, folder or tar.gz here (``path``), or what the host fetches (``url``).

    ``executable``: where the program is in a folder or tar.gz; a file that is neither is the program itself.
    """

    path: LocalPath | None = None
    url: HttpsUrl | None = None
    sha256: Sha256 | None = None
    executable: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][\w.+-]*(/[A-Za-z0-9_][\w.+-]*)*$")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("needs exactly one of path and url")
        if self.url is not None and self.sha256 is None:
            raise ValueError("a url needs the sha256 of what it answers beside it")
        return self


class ObjectBackup(Model):
    """When objects are backed up and read again. ``directory``: where to, if ``backup.bucket`` is not set.

    ``jitter`` (seconds): a run may start so much later.
    """

    schedule: Calendar = "*-*-* 02:30:00"
    check_schedule: Calendar = "Sun *-*-* 03:30:00"
    jitter: Seconds = 900
    directory: AbsolutePath = "/backups/object-storage"


class ObjectStorage(Model):
    """An S3 server on the host in ``roles.objectStorage``, with a private bucket for each service.

    ``client``: MinIO's own, which its administration needs. ``buckets``: services that get one; None: all.
    ``memory_max``: bytes. ``data_directory``: None: below ``/var/lib``.
    """

    kind: Literal["versitygw", "minio"] = "versitygw"
    version: Version
    artifact: Program
    client: Program | None = None
    port: UnprivilegedPort = 9000
    data_directory: AbsolutePath | None = None
    buckets: tuple[Name, ...] | None = None
    memory_max: ByteSize = 512 * MIB
    backup: ObjectBackup = ObjectBackup()
