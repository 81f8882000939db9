"""What a microservice is made from.

Source: the deployment document, sections "Port Allocation", "Service Configuration" and "Connection Pooling".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.naming import ServiceNames
from components.unit import Canary


@dataclass(frozen=True, kw_only=True)
class Dotnet:
    """The .NET runtime starts the document's assembly."""

    def command(self, names: ServiceNames, directory: str, urls: str) -> str:
        """The document's ``ExecStart``."""
        return f"/usr/bin/dotnet {directory}/{names.assembly} --urls {urls}"

    def executable(self, names: ServiceNames) -> str:
        """What the artifact must hold."""
        return names.assembly


@dataclass(frozen=True, kw_only=True)
class Executable:
    """A program in the artifact. ``template``: command line with ``{release}`` and ``{urls}``."""

    template: str

    def command(self, names: ServiceNames, directory: str, urls: str) -> str:
        """The command line; systemd's own ``%`` is kept for the slot."""
        return self.template.replace("%", "%%").format(release=directory, urls=urls)

    def executable(self, names: ServiceNames) -> str | None:
        """The artifact's file that the command starts with, if it does."""
        first = self.template.split()[0]
        return first.removeprefix("{release}/") if first.startswith("{release}/") else None


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """Where a service's database is. Pool bounds are connections of one instance."""

    host: str
    port: int
    name: str
    user: str
    password: str
    pool_max: int
    pool_min: int


@dataclass(frozen=True, kw_only=True)
class BrokerAccess:
    """Where the environment's vhost is."""

    host: str
    port: int
    vhost: str
    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class StorageAccess:
    """Where a service's bucket is. ``endpoint``: URL of S3."""

    endpoint: str
    region: str
    bucket: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, kw_only=True)
class MicroserviceSpec:
    """One service in one environment.

    ``source``: the artifact's path on the host or its https URL. ``memory_max``: bytes; ``cpu_quota``: per cent of
    one core; both are ceilings of each instance. ``ready_timeout``: seconds until the service must be ready.
    ``drain_timeout``: seconds that an old instance has to end its requests. ``migration``: command line with
    ``{release}`` that runs before a release serves for the first time, with its limit in seconds.
    ``canary``: how a new version is tried. ``release_set``: what it changes together with.
    ``slot_ports``: the loopback port on which each slot's process listens; None: each on its slot's Unix socket.
    ``settings``: merged over the artifact's own. ``variables``: further environment variables, none of them secret.
    ``keep``: how many releases stay on the host, besides the slots' own.
    ``log_keep``: rotated files that stay; ``log_max``: bytes at which a log is rotated before its day is over.
    """

    names: ServiceNames
    port: int
    version: str
    source: str
    sha256: str
    runtime: Dotnet | Executable
    memory_max: int
    cpu_quota: int
    ready_timeout: float = 60.0
    drain_timeout: float = 35.0
    migration: tuple[str, float] | None = None
    canary: Canary | None = None
    release_set: str | None = None
    slot_ports: Mapping[str, int] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    keep: int = 3
    log_keep: int = 14
    log_max: int = 100 * 1024 * 1024
