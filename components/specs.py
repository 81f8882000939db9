"""From a stack's settings to what each component is made from. Pure; ``components/environment.py`` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.artifacts import is_archive, pack, pack_program
from components.backup.physical.plan import ARCHIVE_TIMEOUT, Bucket, PhysicalSpec, Schedules
from components.backup.plan import BackupSpec, Remote
from components.certificate.plan import CertificatePaths, CertificateSource, CertificateSpec
from components.dns.plan import DnsRecordSpec
from components.frontend.plan import FrontendSpec
from components.gateway.spec import GatewaySpec, Limits, Site, Snippets
from components.host.plan import HostSpec
from components.microservice.spec import Dotnet, Executable, MicroserviceSpec
from components.naming import UPLOADS, ServiceNames
from components.object_storage.backup import FOLDER, ObjectBackupSpec, Repository
from components.object_storage.plan import Installed, ObjectStorageSpec
from components.postgres.plan import PostgresSpec
from components.rabbitmq.plan import RabbitmqSpec
from components.settings import (
    AptSource,
    Artifact,
    B2Bucket,
    Dns,
    DotnetRuntime,
    FolderBucket,
    ObjectStorage,
    Program,
    S3Bucket,
    Settings,
)
from components.settings import Canary as CanarySettings
from components.settings import Host as HostSettings
from components.unit import AptRepository, Canary

CERTIFICATE_SOURCES = {"localCa": CertificateSource.LOCAL_CA, "existing": CertificateSource.EXISTING}


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


def host(settings: Settings, machine: HostSettings) -> HostSpec:
    """What every host of the environment is, whatever its roles."""
    return HostSpec(
        environments=(settings.environment,),
        memory=machine.memory,
        cores=machine.cores,
        time_zone=machine.time_zone,
        deploy_user=machine.user,
        ssh_port=machine.port,
        ssh_sources=settings.network.ssh_sources,
        private_ranges=settings.network.private_ranges,
        private_ports=(
            settings.postgres.port,
            settings.rabbitmq.port,
            settings.rabbitmq.management_port,
            *([settings.object_storage.port] if settings.object_storage else []),
        ),
        operator_email=settings.operator_email,
    )


def postgres(settings: Settings) -> PostgresSpec:
    """The PostgreSQL server."""
    wanted = settings.postgres
    package = f"postgresql-{wanted.version}" if wanted.source == "auto" else None
    source = wanted.repository
    if not source.suite:
        source = source.model_copy(update={"suite": "{codename}-pgdg"})
    path = "postgres/repository/keyFile"
    repository = _repository(settings, "postgresql", path, source, package=package)
    return PostgresSpec(
        version=wanted.version,
        port=wanted.port,
        max_connections=wanted.max_connections,
        sizing=settings.postgres_sizing,
        private_ranges=settings.network.private_ranges,
        repository=None if wanted.source == "distribution" else repository,
        archive_timeout=ARCHIVE_TIMEOUT if settings.backup.physical.enabled else None,
        extra={name: _postgres_value(value) for name, value in wanted.settings.items()},
    )


def _postgres_value(value: str | int | float | bool) -> str:
    """A value as ``postgresql.conf`` writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"'{value.replace(chr(39), chr(39) * 2)}'" if isinstance(value, str) else str(value)


def rabbitmq(settings: Settings) -> RabbitmqSpec:
    """The broker."""
    return RabbitmqSpec(
        port=settings.rabbitmq.port,
        management_port=settings.rabbitmq.management_port,
        node_name=settings.rabbitmq.node_name,
        memory=settings.rabbitmq_memory,
        queue_type=settings.rabbitmq.queue_type,
        delivery_limit=settings.rabbitmq.delivery_limit,
    )


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
            repositories[runtime.feed.uri] = _repository(settings, "dotnet", path, runtime.feed)
    return tuple(sorted(packages)), tuple(repositories.values())


def _repository(
    settings: Settings, name: str, path: str, source: AptSource, *, package: str | None = None
) -> AptRepository:
    return AptRepository(
        name=f"dhanman-{name}",
        uri=source.uri,
        suite=source.suite or "{codename}",
        components=source.components,
        key=settings.keys.get(path),
        fingerprint=source.fingerprint,
        signed_by=source.signed_by,
        unless_available=package,
        key_package="postgresql-common" if name == "postgresql" and source.signed_by else None,
    )


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


def certificates(settings: Settings) -> CertificateSpec:
    """The certificates of all domains."""
    return CertificateSpec(
        environment=settings.environment,
        source=CERTIFICATE_SOURCES[settings.certificates.source],
        domains=tuple(settings.domains),
        directory=settings.certificates.path,
    )


def gateway(settings: Settings, paths: Mapping[str, CertificatePaths]) -> GatewaySpec:
    """NGINX and the services' sites. ``paths``: the certificate of each domain."""
    limits = settings.gateway
    return GatewaySpec(
        environment=settings.environment,
        sites=tuple(
            Site(
                service=name,
                domain=service.domain,
                certificate=paths[service.domain].certificate,
                certificate_key=paths[service.domain].key,
                hangfire_allow=service.hangfire_allow,
                canary_share=service.canary.share if service.canary else None,
            )
            for name, service in settings.services.items()
        ),
        limits=Limits(
            requests_per_second=limits.rate_limit.per_second,
            burst=limits.rate_limit.burst,
            client_max_body_size=str(limits.client_max_body_size),
            connect_timeout=limits.timeouts.connect,
            send_timeout=limits.timeouts.send,
            read_timeout=limits.timeouts.read,
        ),
        hsts_max_age=limits.hsts_max_age,
        http2=limits.http2,
        snippets=Snippets(http=limits.snippets.http, server=limits.snippets.server),
    )


def frontend(settings: Settings, paths: Mapping[str, CertificatePaths], artifact: Release) -> FrontendSpec:
    """The web front end. ``paths``: the certificate of each domain."""
    wanted = settings.frontend
    return FrontendSpec(
        environment=settings.environment,
        domain=wanted.domain,
        certificate=paths[wanted.domain].certificate,
        certificate_key=paths[wanted.domain].key,
        version=wanted.version,
        source=artifact.source,
        sha256=artifact.sha256,
        keep=wanted.keep_releases,
    )


def backup(settings: Settings) -> tuple[BackupSpec, str]:
    """The backup, and the secret key of its bucket (empty without one)."""
    wanted, bucket = settings.backup, settings.backup.bucket
    remote, key = None, ""
    if isinstance(bucket, FolderBucket):
        remote = Remote(kind=bucket.kind, path=bucket.path)
    elif bucket is not None:
        key = bucket.key.get_secret_value()
        remote = Remote(
            kind=bucket.kind,
            name=bucket.name,
            prefix=bucket.prefix,
            key_id=bucket.key_id,
            endpoint="" if isinstance(bucket, B2Bucket) else bucket.endpoint,
            region="" if isinstance(bucket, B2Bucket) else bucket.region,
        )
    spec = BackupSpec(
        environment=settings.environment,
        databases=tuple(ServiceNames(settings.environment, name).database for name in settings.services),
        port=settings.postgres.port,
        directory=wanted.directory,
        schedule=wanted.schedule,
        retention_days=wanted.retention_days,
        remote=remote,
    )
    return spec, key


def physical_backup(settings: Settings) -> PhysicalSpec | None:
    """The archive and the backups of the whole cluster, or None where they are switched off."""
    wanted, bucket = settings.backup.physical, settings.backup.bucket
    if not wanted.enabled:
        return None
    cores = settings.host_of("postgres")[1].cores
    return PhysicalSpec(
        environment=settings.environment,
        version=settings.postgres.version,
        port=settings.postgres.port,
        services=tuple(settings.services),
        directory=wanted.directory,
        dumps=settings.backup.directory,
        retention_days=settings.backup.retention_days,
        schedules=Schedules(
            full=wanted.full_schedule,
            incremental=wanted.incremental_schedule,
            verify=wanted.verify_schedule,
            drill=wanted.drill_schedule,
            jitter=wanted.jitter,
        ),
        processes=max(1, min(4, cores // 2)),
        queue_max=wanted.wal_queue_max,
        bucket=_s3_bucket(bucket) if isinstance(bucket, B2Bucket | S3Bucket) else None,
    )


def _s3_bucket(bucket: B2Bucket | S3Bucket) -> Bucket:
    """A bucket through its S3 API; Backblaze's endpoints name their region."""
    endpoint = bucket.endpoint or ""
    region = endpoint.split(".")[1] if isinstance(bucket, B2Bucket) else bucket.region
    return Bucket(
        name=bucket.name, prefix=bucket.prefix, endpoint=endpoint, region=region, key_id=bucket.key_id
    )


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
    bucket = settings.backup.bucket
    if bucket is None:
        return Repository(directory=directory)
    if isinstance(bucket, FolderBucket):
        return Repository(directory=f"{bucket.path}/{FOLDER}")
    at = _s3_bucket(bucket)
    return Repository(
        endpoint=at.endpoint,
        bucket=at.name,
        path=f"{at.prefix}/{FOLDER}",
        region=at.region,
        key_id=at.key_id,
    )


def dns_record(settings: Settings, dns: Dns, domain: str) -> DnsRecordSpec:
    """The address record of one domain: the gateway's host."""
    return DnsRecordSpec(
        environment=settings.environment,
        zone=dns.zone,
        domain=domain,
        ipv4=settings.host_of("gateway")[1].address,
        ttl=dns.ttl,
        proxied=dns.proxied,
    )
