"""What Dhanman itself is made of: the microservices and the web front end."""

from __future__ import annotations

import string
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from components.settings.base import Model
from components.settings.data import AptSource
from components.settings.edge import RateLimit
from components.settings.values import (
    AppSettingsKey,
    ByteSize,
    CspDirective,
    CspSource,
    Domain,
    HttpsUrl,
    LocalPath,
    Network,
    PackageName,
    Percent,
    Positive,
    Seconds,
    Secret,
    Sha256,
    Share,
    SlotPort,
    UnprivilegedPort,
    VariableName,
    Version,
    WholeNumber,
)

COMMAND_FIELDS = ("release", "urls")
"""What a command may hold in braces: the release's directory, and the value for ``--urls``."""


def _command(value: str) -> str:
    expectation = "must be a command on one line in which {release} and {urls} are the only words in braces"
    try:
        fields = [
            field for _, field, spec, conversion in string.Formatter().parse(value) if field is not None
        ]
    except ValueError:
        raise ValueError(expectation) from None
    if "\n" in value or not value.strip() or any(field not in COMMAND_FIELDS for field in fields):
        raise ValueError(expectation)
    return value


class Artifact(Model):
    """A built version: a folder or tar.gz here (``path``), or a tar.gz that the host fetches (``url``)."""

    path: LocalPath | None = None
    url: HttpsUrl | None = None
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise ValueError("needs exactly one of path and url")
        if self.url is not None and self.sha256 is None:
            raise ValueError("url needs the sha256 of the archive beside it")
        return self


class Pool(Model):
    """Bounds of a service's pool of database connections, for each running instance."""

    max: Positive
    min: Annotated[WholeNumber, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not be larger than max")
        return self


class DotnetRuntime(Model):
    """The .NET runtime, from ``feed`` or, without one, from the distribution."""

    kind: Literal["dotnet"]
    version: str = Field(default="9.0", pattern=r"^\d+\.\d+$")
    feed: AptSource | None = None
    environment: dict[VariableName, str] = Field(default_factory=dict)


class ExecutableRuntime(Model):
    """A program in the artifact, started as it is; ``packages`` are what it needs from the distribution."""

    kind: Literal["executable"]
    command: Annotated[str, AfterValidator(_command)]
    packages: tuple[PackageName, ...] = ()
    environment: dict[VariableName, str] = Field(default_factory=dict)


Runtime = Annotated[DotnetRuntime | ExecutableRuntime, Field(discriminator="kind")]


def _migration(value: str) -> str:
    value = _command(value)
    if "{urls}" in value:
        raise ValueError("must not hold {urls}: a migration listens nowhere")
    return value


class Migration(Model):
    """A command of the release that brings the service's database to what the release needs, before it serves.

    ``timeout``: seconds after which it has failed.
    """

    command: Annotated[str, AfterValidator(_migration)]
    timeout: Seconds = 300


class Canary(Model):
    """A new version first gets a ``share`` of the requests for ``duration`` seconds, and is judged by NGINX's log.

    It is refused if its share of failed requests is more than ``max_errors`` (percentage points) above that of the
    old one, or if 95 of 100 of its requests take more than ``max_latency`` (per cent) of what they take with the old
    one. Fewer than ``min_requests`` are too few to compare times.
    """

    share: Annotated[Share, Field(le=50)] = 10
    duration: Annotated[WholeNumber, Field(ge=10, le=1200)] = 300
    min_requests: Positive = 100
    max_errors: Annotated[Share, Field(le=100)] = 1
    max_latency: Annotated[Share, Field(ge=100)] = 150


class SlotPorts(Model):
    """The loopback port of each slot's process, for a service that can't listen on a Unix socket."""

    blue: SlotPort
    green: SlotPort


class Service(Model):
    """One microservice.

    ``memory_max`` (bytes) and ``cpu_quota`` (per cent of one core) are ceilings of each instance.
    ``ready_timeout``: seconds that a new release has to become ready. ``drain_timeout``: seconds that the old one
    has to end its requests. ``slot_ports``: where its slots listen; None: on Unix sockets. ``settings`` are merged
    over the artifact's ``appsettings``, ``secrets`` (by dotted key) too. ``hangfire_allow``: networks that may
    open the dashboard. ``rate_limit``: for one client address; None: the gateway's. ``keep_releases``: how many stay on
    the host, besides those of both slots.
    """

    port: UnprivilegedPort
    domain: Domain
    version: Version
    artifact: Artifact
    memory_max: ByteSize = 2 * 1024**3
    cpu_quota: Percent = 200
    pool: Pool | None = None
    ready_timeout: Seconds = 60
    drain_timeout: Seconds = 35
    migration: Migration | None = None
    canary: Canary | None = None
    slot_ports: SlotPorts | None = None
    runtime: Runtime | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[AppSettingsKey, Secret] = Field(default_factory=dict)
    hangfire_allow: tuple[Network, ...] = ()
    rate_limit: RateLimit | None = None
    keep_releases: Positive = 3


class Frontend(Model):
    """The web front end: a static build that NGINX serves.

    ``keep_releases``: how many stay on the host, and with them the assets that pages of theirs ask for. ``csp``:
    sources of a directive of the Content Security Policy, in place of the program's own; none leaves it out.
    ``csp_report_only``: browsers only report what they would refuse.
    """

    domain: Domain
    version: Version
    artifact: Artifact
    keep_releases: Positive = 3
    csp: dict[CspDirective, tuple[CspSource, ...]] = Field(default_factory=dict)
    csp_report_only: bool = False
