"""The whole of a stack file, and the settings that are made from it."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pydantic import Field

from components.settings.alerts import Alerts
from components.settings.applications import DotnetRuntime, Frontend, Pool, Runtime, Service
from components.settings.base import Model
from components.settings.data import Backup, Postgres, Rabbitmq, Rotation
from components.settings.dns import Dns
from components.settings.edge import Certificates, Cloudflare, Gateway
from components.settings.from_prod import FromProd
from components.settings.hosts import Host, NetworkSettings, Roles, Ssh
from components.settings.objects import ObjectStorage
from components.settings.pools import default_pool
from components.settings.problems import Path, Placeholder, Problem, SettingsError
from components.settings.values import ByteSize, Email, Name, Positive
from components.settings.windows import DeployWindow
from components.sizing import PostgresSizing

Environment = Literal["prod", "qa", "local"]


class Logs(Model):
    """How much of each log file stays: ``keep`` rotated ones, each of ``max_size`` bytes."""

    keep: Positive = 14
    max_size: ByteSize = 100 * 1024**2


class StackFile(Model):
    """Everything below ``dhanman:`` in a ``Pulumi.<stack>.yaml``; ``docs/settings.md`` explains each key."""

    environment: Environment
    hosts: Annotated[dict[Name, Host], Field(min_length=1)]
    roles: Roles
    ssh: Ssh
    network: NetworkSettings = NetworkSettings()
    postgres: Postgres = Postgres()
    rabbitmq: Rabbitmq = Rabbitmq()
    object_storage: ObjectStorage | None = None
    rotation: Rotation = Rotation()
    services: Annotated[dict[Name, Service], Field(min_length=1)]
    release_sets: dict[Name, Annotated[tuple[Name, ...], Field(min_length=2)]] = Field(default_factory=dict)
    runtime: Runtime = DotnetRuntime(kind="dotnet")
    frontend: Frontend
    gateway: Gateway = Gateway()
    certificates: Certificates = Certificates()
    dns: Dns | None = None
    backup: Backup = Backup()
    qa_from_prod: FromProd | None = None
    alerts: Alerts | None = None
    delete_data: bool = False
    logs: Logs = Logs()
    deploy_window: DeployWindow = DeployWindow()
    operator_email: Email | None = None


class Settings(StackFile):
    """A stack's checked configuration.

    ``stack``: its name. ``file``: the stack file's name, for messages. ``keys``: the text of
    each apt repository's ``keyFile``, by its path in the stack file. ``placeholders``: what is still missing;
    in its place the settings hold values that are valid in form and obviously not real.
    """

    stack: str
    file: str
    cloudflare: Cloudflare | None = None
    keys: dict[str, str] = Field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()

    def hosts_of(self, role: str) -> tuple[tuple[str, Host], ...]:
        """The hosts of a role, each with its name."""
        return tuple((name, self.hosts[name]) for name in getattr(self.roles, role))

    def host_of(self, role: str) -> tuple[str, Host]:
        """The first (for postgres and rabbitmq: the only) host of a role, with its name."""
        return self.hosts_of(role)[0]

    def is_placeholder(self, *path: str) -> bool:
        """Whether the value at ``path``, or one below it, is still missing."""
        return any(placeholder.path[: len(path)] == path for placeholder in self.placeholders)

    def require_complete(self) -> None:
        """Raises :class:`SettingsError` with one problem for each placeholder, if there are any."""
        if self.placeholders:
            raise SettingsError(self.missing())

    def missing(self) -> list[Problem]:
        """The placeholders as problems."""
        return [
            Problem(file=self.file, path=p.path, text=f"{p.what} is not set yet; {p.command}")
            for p in self.placeholders
        ]

    def runtime_of(self, service: str) -> Runtime:
        """The service's own runtime, or else the environment's."""
        return self.services[service].runtime or self.runtime

    def pool_of(self, service: str) -> Pool:
        """The service's pool sizes for each instance, calculated where the stack file does not say."""
        explicit = {name: s.pool.max for name, s in self.services.items() if s.pool is not None}
        return self.services[service].pool or default_pool(
            max_connections=self.postgres.max_connections,
            reserved=self.postgres.reserved_connections,
            services=len(self.services),
            explicit=explicit,
        )

    def release_set_of(self, service: str) -> str | None:
        """The release set that the service is in."""
        return next((name for name, members in self.release_sets.items() if service in members), None)

    @property
    def bucketed(self) -> tuple[str, ...]:
        """The services that have a bucket in the object storage."""
        if self.object_storage is None or not self.roles.object_storage:
            return ()
        wanted = self.object_storage.buckets
        return tuple(name for name in self.services if wanted is None or name in wanted)

    @property
    def postgres_sizing(self) -> PostgresSizing:
        """PostgreSQL's memory settings: those of the stack file, else those that fit its host."""
        return postgres_sizing(self, self.host_of("postgres")[1])

    @property
    def rabbitmq_memory(self) -> int:
        """Bytes that RabbitMQ may take."""
        return rabbitmq_memory(self, self.host_of("rabbitmq")[1])

    @property
    def requires_drill(self) -> bool:
        """Whether what could lose data needs a restore drill that succeeded lately."""
        if self.backup.require_drill is None:
            return self.backup.physical.enabled and self.environment != "local"
        return self.backup.require_drill

    @property
    def domains(self) -> dict[str, Path]:
        """Each domain of the environment with the path where the stack file names it."""
        services = {service.domain: ("services", name, "domain") for name, service in self.services.items()}
        return services | {self.frontend.domain: ("frontend", "domain")}


_OVERRIDABLE = (
    "shared_buffers",
    "effective_cache_size",
    "maintenance_work_mem",
    "work_mem",
    "max_wal_size",
    "min_wal_size",
)


def postgres_sizing(stack: StackFile, host: Host) -> PostgresSizing:
    """PostgreSQL's memory settings on ``host``, with what the stack file sets itself."""
    own = {name: value for name in _OVERRIDABLE if (value := getattr(stack.postgres, name)) is not None}
    return dataclasses.replace(PostgresSizing.for_memory(host.memory, host.cores), **own)


def rabbitmq_memory(stack: StackFile, host: Host) -> int:
    """Bytes that RabbitMQ may take on ``host``: as set, or an eighth of the host's memory."""
    return stack.rabbitmq.memory or host.memory // 8
