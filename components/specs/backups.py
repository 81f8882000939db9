"""From settings to the bucket, and to the backups of databases and hosts. Pure."""

from __future__ import annotations

from dataclasses import replace

from components.backup.bucket.spec import BucketSpec, Lock
from components.backup.host.plan import HostBackupSpec
from components.backup.physical.bucket import Bucket
from components.backup.physical.from_prod import Copied, Mask, Source
from components.backup.physical.plan import PhysicalSpec, Schedules
from components.backup.plan import BackupSpec, Remote
from components.naming import ServiceNames
from components.settings import B2Bucket, FolderBucket, FromProd, R2Bucket, S3Bucket, Settings, SourceBucket
from components.settings.from_prod import Mask as MaskSettings


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
        bucket=s3_bucket(found) if found else None,
        source=_from_prod(settings.environment, settings.qa_from_prod) if settings.qa_from_prod else None,
        alerts=settings.alerts is not None,
    )


def s3_bucket(found: BucketSpec) -> Bucket:
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
