"""From a stack's settings to what each component is made from. Pure; ``components/environment.py`` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from components.artifacts import is_archive, pack, pack_program
from components.backup.bucket.spec import BucketSpec, Lock
from components.backup.host.plan import HostBackupSpec
from components.backup.physical.bucket import Bucket
from components.backup.physical.from_prod import Copied, Mask, Source
from components.backup.physical.plan import ARCHIVE_TIMEOUT, PhysicalSpec, Schedules
from components.backup.plan import BackupSpec, Remote
from components.certificate.plan import CertificatePaths, CertificateSource, CertificateSpec
from components.dns.plan import DnsRecordSpec
from components.frontend.plan import FrontendSpec
from components.gateway.spec import GatewaySpec, Limits, Site, Snippets
from components.host.plan import DataGate, HostSpec
from components.microservice.spec import Dotnet, Executable, MicroserviceSpec
from components.naming import UPLOADS, ServiceNames
from components.notifier.plan import Mail, NotifierSpec
from components.object_storage.backup import FOLDER, ObjectBackupSpec, Repository
from components.object_storage.plan import Installed, ObjectStorageSpec
from components.postgres.plan import PostgresSpec
from components.rabbitmq.plan import RabbitmqSpec
from components.settings import (
    Alerts,
    AptSource,
    Artifact,
    B2Bucket,
    Dns,
    DotnetRuntime,
    FolderBucket,
    FromProd,
    ObjectStorage,
    Program,
    R2Bucket,
    S3Bucket,
    Settings,
    SourceBucket,
)
from components.settings import Canary as CanarySettings
from components.settings import Host as HostSettings
from components.settings.from_prod import Mask as MaskSettings
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


def host(settings: Settings, machine: HostSettings, gate: DataGate | None = None) -> HostSpec:
    """What every host of the environment is, whatever its roles. ``gate``: before data, where the databases are."""
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
        data_gate=gate,
    )


def data_gate(settings: Settings, name: str, anyway: str) -> DataGate | None:
    """The gate before the data of one host, if there is one. ``anyway``: the reason to go on without a drill."""
    physical = physical_backup(settings)
    if not settings.requires_drill or physical is None or name != settings.host_of("postgres")[0]:
        return None
    return DataGate(
        environment=settings.environment,
        stack=settings.stack,
        report=physical.drill_report,
        anyway=anyway,
    )


def postgres(settings: Settings) -> PostgresSpec:
    """The PostgreSQL server."""
    wanted = settings.postgres
    # the newest one: a repository that has it has those before
    newest = max(wanted.version, wanted.alongside or 0)
    package = f"postgresql-{newest}" if wanted.source == "auto" else None
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
        alongside=wanted.alongside,
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


def bucket(settings: Settings) -> BucketSpec | None:
    """The bucket of the backups, if there is one and it is no folder."""
    found = settings.backup.bucket
    if found is None or isinstance(found, FolderBucket):
        return None
    common = BucketSpec(
        kind=found.kind,
        name=found.name,
        prefix=found.prefix,
        environment=settings.environment,
        hidden_days=0 if isinstance(found, R2Bucket) else found.hidden_days,
        endpoint=found.endpoint or "",
        region=_region(found),
        lock=Lock(days=found.lock.days, mode=found.lock.mode) if found.lock else None,
        adopt=found.adopt,
    )
    if isinstance(found, R2Bucket):
        return replace(
            common,
            account=found.account_id,
            jurisdiction=found.jurisdiction,
            location=found.location,
            key_number=found.key_number,
        )
    return replace(
        common,
        admin_key_id=found.admin.key_id if found.admin else "",
        key_id=found.key_id or "",
        key_number=found.key_number if isinstance(found, B2Bucket) else 1,
    )


def bucket_keys(settings: Settings) -> tuple[str, str]:
    """The secret halves of the bucket's key for the host and of the key that makes it; empty where not given."""
    found = settings.backup.bucket
    if not isinstance(found, B2Bucket | S3Bucket):
        return "", ""
    key, admin = found.key, found.admin
    return key.get_secret_value() if key else "", admin.key.get_secret_value() if admin else ""


def _region(found: B2Bucket | S3Bucket | R2Bucket) -> str:
    """Of its S3 API: Backblaze's endpoints name it, and Cloudflare has but one."""
    if isinstance(found, S3Bucket):
        return found.region
    if isinstance(found, R2Bucket):
        return "auto"
    return found.endpoint.split(".")[1] if found.endpoint else ""


def backup(settings: Settings) -> BackupSpec:
    """The dumps; the key for their bucket is added when it is made."""
    wanted, found = settings.backup, bucket(settings)
    remote = None
    if isinstance(wanted.bucket, FolderBucket):
        remote = Remote(kind="folder", path=wanted.bucket.path)
    elif found is not None:
        # b2sdk needs no endpoint; for everybody else the library is that of S3
        b2 = found.kind == "b2"
        remote = Remote(
            kind="b2" if b2 else "s3",
            name=found.name,
            prefix=found.prefix,
            endpoint="" if b2 else found.endpoint,
            region="" if b2 else found.region,
        )
    return BackupSpec(
        environment=settings.environment,
        databases=tuple(ServiceNames(settings.environment, name).database for name in settings.services),
        port=settings.postgres.port,
        directory=wanted.directory,
        schedule=wanted.schedule,
        retention_days=wanted.retention_days,
        remote=remote,
        alerts=settings.alerts is not None,
    )


def host_backup(settings: Settings, name: str, remote: Remote | None) -> HostBackupSpec:
    """The backup of what one host is configured by. ``remote``: where the dumps are copied to."""
    beside = name == settings.host_of("postgres")[0]
    # a folder that stands in for a bucket is on the dumps' host alone
    elsewhere = remote if beside or (remote and remote.kind != "folder") else None
    return HostBackupSpec(
        environment=settings.environment,
        host=name,
        directory=settings.backup.directory,
        schedule=settings.backup.schedule,
        retention_days=settings.backup.retention_days,
        beside_dumps=beside,
        rabbitmq=name == settings.host_of("rabbitmq")[0],
        remote=elsewhere,
        alerts=settings.alerts is not None,
    )


def physical_backup(settings: Settings) -> PhysicalSpec | None:
    """The archive and the backups of the whole cluster, or None where they are switched off."""
    wanted, found = settings.backup.physical, bucket(settings)
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
        bucket=_s3_bucket(found) if found else None,
        source=_from_prod(settings.environment, settings.qa_from_prod) if settings.qa_from_prod else None,
        alerts=settings.alerts is not None,
    )


def _s3_bucket(found: BucketSpec) -> Bucket:
    """The same bucket through its S3 API."""
    return Bucket(name=found.name, prefix=found.prefix, endpoint=found.endpoint, region=found.region)


def _from_prod(environment: str, wanted: FromProd) -> Source:
    """Where copies of data come from, and what is masked in them."""
    return Source(
        environment=wanted.environment,
        bucket=_source_bucket(wanted.bucket),
        databases=tuple(
            Copied(
                own=ServiceNames(environment, service).database,
                original=ServiceNames(wanted.environment, service).database,
                masks=tuple(_mask(column, mask) for column, mask in columns.items()),
            )
            for service, columns in wanted.mask.items()
        ),
    )


def _mask(column: str, mask: MaskSettings) -> Mask:
    schema, table, name = (["public", *column.split(".")])[-3:]
    return Mask(
        schema=schema, table=table, column=name, masker=mask.masker, value=mask.text, optional=mask.optional
    )


def source_secrets(settings: Settings) -> tuple[str, str]:
    """Passphrase and key of the backups that copies are made from; empty where none are."""
    wanted = settings.qa_from_prod
    if wanted is None:
        return "", ""
    return wanted.passphrase.get_secret_value(), wanted.bucket.key.get_secret_value()


def _source_bucket(found: SourceBucket) -> Bucket:
    """Backblaze's endpoints name their region."""
    region = found.endpoint.split(".")[1] if found.kind == "b2" else found.region
    return Bucket(
        name=found.name, prefix=found.prefix, endpoint=found.endpoint, region=region, key_id=found.key_id
    )


def notifier(settings: Settings, alerts: Alerts, name: str, machine: HostSettings) -> NotifierSpec:
    """The notifier of one host; the secrets of its channels are not part of it."""
    mail = alerts.email
    return NotifierSpec(
        environment=settings.environment,
        host=f"{name} ({machine.address})",
        remind_hours=alerts.remind_hours,
        slack=alerts.slack is not None,
        mail=Mail(sender=mail.sender, to=mail.to, host=mail.host, port=mail.port, user=mail.user)
        if mail
        else None,
    )


def alert_secrets(alerts: Alerts) -> tuple[str, str]:
    """URL of the webhook and password of the mail relay; empty where there is no such channel."""
    return (
        alerts.slack.webhook_url.get_secret_value() if alerts.slack else "",
        alerts.email.password.get_secret_value() if alerts.email else "",
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
    if isinstance(settings.backup.bucket, FolderBucket):
        return Repository(directory=f"{settings.backup.bucket.path}/{FOLDER}")
    found = bucket(settings)
    if found is None:
        return Repository(directory=directory)
    at = _s3_bucket(found)
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
