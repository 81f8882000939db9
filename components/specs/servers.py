"""From settings to the databases' server and the broker. Pure."""

from __future__ import annotations

from components.backup.physical.plan import ARCHIVE_TIMEOUT
from components.postgres.plan import PostgresSpec
from components.rabbitmq.plan import RabbitmqSpec
from components.settings import Settings
from components.specs.feeds import apt_repository


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
    repository = apt_repository(settings, "postgresql", path, source, package=package)
    return PostgresSpec(
        version=wanted.version,
        port=wanted.port,
        max_connections=wanted.max_connections,
        sizing=settings.postgres_sizing,
        private_ranges=settings.network.internal_ranges,
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
