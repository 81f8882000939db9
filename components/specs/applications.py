"""From settings to services, their releases and what they run on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.artifacts import pack
from components.microservice.spec import Dotnet, Executable, MicroserviceSpec
from components.naming import UPLOADS, ServiceNames
from components.settings import Artifact, DotnetRuntime, Settings
from components.settings import Canary as CanarySettings
from components.specs.feeds import apt_repository
from components.unit import AptRepository, Canary


@dataclass(frozen=True, kw_only=True)
class Release:
    """An artifact as a host gets it. ``upload``: the file on this machine, or None if the host fetches ``source``."""

    source: str
    sha256: str
    upload: Path | None


def release(settings: Settings, name: str, artifact: Artifact) -> Release:
    """Where a host gets the artifact of a service or of the front end from."""
    if artifact.path is None:
        return Release(source=artifact.url or "", sha256=artifact.sha256 or "", upload=None)
    packed = pack(Path(artifact.path))
    source = f"{UPLOADS}/{name}-{settings.environment}-{packed.sha256[:12]}.tar.gz"
    return Release(source=source, sha256=packed.sha256, upload=packed.path)


def runtime_packages(settings: Settings) -> tuple[tuple[str, ...], tuple[AptRepository, ...]]:
    """Packages that the services' runtimes need, and the repositories that have them."""
    packages: set[str] = set()
    repositories: dict[str, AptRepository] = {}
    for name in settings.services:
        runtime = settings.runtime_of(name)
        if not isinstance(runtime, DotnetRuntime):
            packages.update(runtime.packages)
            continue
        packages.add(f"aspnetcore-runtime-{runtime.version}")
        if runtime.feed:
            own = settings.services[name].runtime is not None
            path = f"services/{name}/runtime/feed/keyFile" if own else "runtime/feed/keyFile"
            repositories[runtime.feed.uri] = apt_repository(settings, "dotnet", path, runtime.feed)
    return tuple(sorted(packages)), tuple(repositories.values())


def microservice(settings: Settings, name: str, artifact: Release) -> MicroserviceSpec:
    """One service; what it logs in with is not part of it."""
    service = settings.services[name]
    runtime = settings.runtime_of(name)
    names = ServiceNames(settings.environment, name)
    return MicroserviceSpec(
        names=names,
        port=service.port,
        version=service.version,
        source=artifact.source,
        sha256=artifact.sha256,
        runtime=Dotnet() if isinstance(runtime, DotnetRuntime) else Executable(template=runtime.command),
        memory_max=service.memory_max,
        cpu_quota=service.cpu_quota,
        ready_timeout=service.ready_timeout,
        drain_timeout=service.drain_timeout,
        migration=(service.migration.command, service.migration.timeout) if service.migration else None,
        canary=_canary(names, service.canary) if service.canary else None,
        release_set=settings.release_set_of(name),
        slot_ports=service.slot_ports.model_dump() if service.slot_ports else None,
        settings=service.settings,
        variables=runtime.environment,
        keep=service.keep_releases,
        log_keep=settings.logs.keep,
        log_max=settings.logs.max_size,
    )


def _canary(names: ServiceNames, wanted: CanarySettings) -> Canary:
    return Canary(
        share=wanted.share,
        seconds=wanted.duration,
        log=names.access_log,
        least=wanted.min_requests,
        errors=wanted.max_errors / 100,
        latency=wanted.max_latency / 100,
    )
