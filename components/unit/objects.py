"""Things in a host's object storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from components.unit.things import Thing


@dataclass(frozen=True, kw_only=True)
class ObjectServer:
    """How the host's object storage is reached.

    ``kind``: ``versitygw`` or ``minio``. ``port``: of S3, on loopback. ``credentials``: file of its root key. ``data``:
    its folder. ``admin``: Unix socket of versitygw's administration. ``client``, ``client_config``: MinIO's client.
    """

    kind: str
    port: int
    credentials: str
    data: str
    admin: str | None = None
    client: str | None = None
    client_config: str | None = None


@dataclass(frozen=True, kw_only=True)
class ObjectKey(Thing):
    """A key pair of the object storage: ``name`` is the access key, ``password`` its secret.

    It may do nothing until a bucket allows it. Deleting it takes it away from the server.
    """

    kind: ClassVar[str] = "object_key"
    name: str
    server: ObjectServer
    password: str


@dataclass(frozen=True, kw_only=True)
class ObjectBucket(Thing):
    """A private bucket that keeps former versions. ``access_key``: who may read, write and delete in it.

    Data: deleting it keeps it with all objects unless data deletion was asked for.
    """

    kind: ClassVar[str] = "object_bucket"
    name: str
    server: ObjectServer
    access_key: str
