"""What keeps data: PostgreSQL, RabbitMQ and the backups."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.buckets import Bucket
from components.settings.values import (
    AbsolutePath,
    ByteSize,
    Calendar,
    Count,
    Fingerprint,
    LocalPath,
    Positive,
    RepositoryUrl,
    Seconds,
    UnprivilegedPort,
    WholeNumber,
)

PGDG_FINGERPRINT = "B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8"
"""Fingerprint of the PostgreSQL project's repository key (https://wiki.postgresql.org/wiki/Apt)."""

_SettingName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.]*$")]


class AptSource(Model):
    """An apt repository and the key that signs it.

    ``suite``: the host's own code name where it is not set. The key is either ``key_file``, an ASCII-armoured
    file in this project, or ``signed_by``, a keyring on the host; ``fingerprint`` is checked for the first.
    """

    uri: RepositoryUrl
    suite: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]*$")
    components: tuple[str, ...] = ("main",)
    key_file: LocalPath | None = None
    signed_by: AbsolutePath | None = None
    fingerprint: Fingerprint | None = None

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if (self.key_file is None) == (self.signed_by is None):
            raise ValueError("needs exactly one of keyFile and signedBy")
        if self.key_file is not None and self.fingerprint is None:
            raise ValueError("keyFile needs the fingerprint of its key beside it")
        return self


class Postgres(Model):
    """The PostgreSQL server of the environment.

    ``source``: the distribution's packages, those of the PostgreSQL project (``pgdg``), or ``auto``: the
    distribution's if it has ``version``, else the others. Sizes (bytes) that are not set follow from the
    host's memory. ``reserved_connections``: kept free of the services, for people, backups and migrations.
    ``settings``: further lines of ``postgresql.conf``. ``alongside``: another version whose programs are installed as
    well, for an upgrade to it or the way back.
    """

    version: Annotated[WholeNumber, Field(ge=14, le=18)] = 18
    alongside: Annotated[WholeNumber, Field(ge=14, le=18)] | None = None
    source: Literal["distribution", "pgdg", "auto"] = "auto"
    repository: AptSource = AptSource.model_construct(
        uri="https://apt.postgresql.org/pub/repos/apt",
        suite=None,
        components=("main",),
        key_file=None,
        signed_by="/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc",
        fingerprint=PGDG_FINGERPRINT,
    )
    port: UnprivilegedPort = 5432
    max_connections: Annotated[WholeNumber, Field(ge=20, le=5000)] = 200
    reserved_connections: Annotated[WholeNumber, Field(ge=5)] = 15
    shared_buffers: ByteSize | None = None
    effective_cache_size: ByteSize | None = None
    maintenance_work_mem: ByteSize | None = None
    work_mem: ByteSize | None = None
    max_wal_size: ByteSize | None = None
    min_wal_size: ByteSize | None = None
    settings: dict[_SettingName, str | int | float | bool] = Field(default_factory=dict)


class Rabbitmq(Model):
    """The broker. ``memory`` (bytes): where it stops accepting messages; default: an eighth of the host's.

    ``queue_type``: of queues that are declared without one. ``delivery_limit``: deliveries of a message before it goes
    to the dead letters.
    """

    port: UnprivilegedPort = 5672
    management_port: UnprivilegedPort = 15672
    node_name: str = Field(default="rabbit@localhost", pattern=r"^[a-z0-9_-]+@[a-z0-9.-]+$")
    memory: ByteSize | None = None
    queue_type: Literal["quorum", "classic"] = "quorum"
    delivery_limit: Positive = 20


class Rotation(Model):
    """How often each credential of the services, and the tunnel's keys, were rotated.

    ``make rotate`` counts, and it only grows.
    """

    postgres: Count = 0
    rabbitmq: Count = 0
    wireguard: Count = 0


class Physical(Model):
    """Continuous archiving and backups of the whole cluster.

    ``directory``: the local repository; the bucket is the other one. ``jitter`` (seconds): a run may start so much
    later. ``wal_queue_max`` (bytes): WAL that can't be archived is dropped beyond it; without it, it waits.
    """

    enabled: bool = True
    directory: AbsolutePath = "/backups/pgbackrest"
    full_schedule: Calendar = "Sun *-*-* 01:00:00"
    incremental_schedule: Calendar = "Mon..Sat *-*-* 01:00:00"
    verify_schedule: Calendar = "Sun *-*-* 04:00:00"
    drill_schedule: Calendar = "*-*-* 05:00:00"
    jitter: Seconds = 900
    wal_queue_max: ByteSize | None = None


class Backup(Model):
    """When databases are backed up, where to, and for how long (days) backups are kept.

    ``require_drill``: whether what could lose data needs a restore drill that succeeded lately; default: not in local.
    """

    schedule: Calendar = "*-*-* 02:00:00"
    retention_days: Positive = 30
    directory: AbsolutePath = "/backups/postgresql"
    bucket: Bucket | None = None
    physical: Physical = Physical()
    require_drill: bool | None = None
