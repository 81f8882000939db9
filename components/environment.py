"""A whole environment: which component stands on which host, and what it needs from which.

This is the only place that knows both the settings and the components.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components import outputs
from components.access import logins
from components.artifacts import pack
from components.backup import Backup, BackupArgs, BackupBucket, BackupBucketArgs, BackupSpec, Remote
from components.certificate import Certificate, CertificateArgs, CertificateSource, CertificateSpec
from components.dns import DnsRecord, DnsRecordArgs, DnsRecordSpec, cloudflare_provider
from components.frontend import Frontend, FrontendArgs, FrontendSpec
from components.gateway import Gateway, GatewayArgs, GatewaySpec, Limits, Site, Snippets
from components.host import Host, HostArgs, HostSpec
from components.microservice import (
    BrokerAccess,
    DatabaseAccess,
    Dotnet,
    Executable,
    Microservice,
    MicroserviceArgs,
    MicroserviceSpec,
    Runtime,
    RuntimeArgs,
)
from components.naming import UPLOADS, ServiceNames
from components.postgres import (
    Database,
    DatabaseArgs,
    PostgresServer,
    PostgresServerArgs,
    PostgresSpec,
    RetiredRole,
    RetiredRoleArgs,
)
from components.rabbitmq import Rabbitmq, RabbitmqArgs, RabbitmqSpec, RetiredUser, RetiredUserArgs
from components.remote import Bootstrap, BootstrapArgs, Observer, Target
from components.settings import AptSource, Artifact, B2Bucket, DotnetRuntime, FolderBucket, Settings
from components.settings import Host as HostSettings
from components.turn import Turn
from components.unit import AptRepository

CERTIFICATE_SOURCES = {"localCa": CertificateSource.LOCAL_CA, "existing": CertificateSource.EXISTING}
HIDDEN_DAYS = 7
"""Days after which B2 really deletes what was deleted: long enough to notice a mistake."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """An artifact as a host gets it. ``upload``: the file on this machine, or None if the host fetches ``source``."""

    source: str
    sha256: str
    upload: Path | None


class Environment(pulumi.ComponentResource):
    """Everything of one environment. Deleting it removes it from its hosts; data stays unless the settings say so.

    ``observer``: what is on the hosts now; without it the plan follows from what was applied last.
    """

    def __init__(
        self,
        settings: Settings,
        observer: Observer | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dhanman:environment:Environment", settings.environment, None, opts)
        self._settings = settings
        self._observer = observer
        self._child = pulumi.ResourceOptions(parent=self)
        self._guarded = settings.environment != "local"
        self._logins = logins(settings)
        self._targets = {name: self._host(name, host) for name, host in settings.hosts.items()}
        self._postgres = self._make_postgres()
        self._rabbitmq = self._make_rabbitmq()
        self._databases = {name: self._database(name) for name in settings.services}
        self._runtime = self._make_runtime()
        self._services = {name: self._service(name) for name in settings.services}
        self._gateway()
        self._backup()
        self._dns()
        self.outputs = outputs.of(settings)
        self.outputs["rotation"] |= self._retire()
        self.register_outputs({})

    def _target(self, role: str) -> Target:
        return self._targets[self._settings.host_of(role)[0]]

    def _host(self, name: str, host: HostSettings) -> Target:
        settings = self._settings
        bootstrap = Bootstrap(
            f"{name}-bootstrap",
            name,
            BootstrapArgs(
                login=self._logins[name],
                bootstrap_user=host.bootstrap_user,
                deploy_user=host.user,
                deploy_keys=settings.ssh.deploy_keys,
                adopt=host.adopt,
                delete_data=settings.delete_data,
                watch=self._observer.watch(name) if self._observer else None,
            ),
            self._child,
        )
        spec = HostSpec(
            environments=(settings.environment,),
            memory=host.memory,
            cores=host.cores,
            time_zone=host.time_zone,
            deploy_user=host.user,
            ssh_port=host.port,
            ssh_sources=settings.network.ssh_sources,
            private_ranges=settings.network.private_ranges,
            private_ports=(settings.postgres.port, settings.rabbitmq.port, settings.rabbitmq.management_port),
            operator_email=settings.operator_email,
        )
        return Host(name, HostArgs(target=bootstrap.target, spec=spec), self._child).target

    def _repository(
        self, name: str, path: str, source: AptSource, *, package: str | None = None
    ) -> AptRepository:
        return AptRepository(
            name=f"dhanman-{name}",
            uri=source.uri,
            suite=source.suite or "{codename}",
            components=source.components,
            key=self._settings.keys.get(path),
            fingerprint=source.fingerprint,
            signed_by=source.signed_by,
            unless_available=package,
            key_package="postgresql-common" if name == "postgresql" and source.signed_by else None,
        )

    def _make_postgres(self) -> PostgresServer:
        postgres = self._settings.postgres
        package = f"postgresql-{postgres.version}" if postgres.source == "auto" else None
        source = postgres.repository
        if not source.suite:
            source = source.model_copy(update={"suite": "{codename}-pgdg"})
        repository = self._repository("postgresql", "postgres/repository/keyFile", source, package=package)
        spec = PostgresSpec(
            version=postgres.version,
            port=postgres.port,
            max_connections=postgres.max_connections,
            sizing=self._settings.postgres_sizing,
            private_ranges=self._settings.network.private_ranges,
            repository=None if postgres.source == "distribution" else repository,
            extra={name: _postgres_value(value) for name, value in postgres.settings.items()},
        )
        args = PostgresServerArgs(
            target=self._target("postgres"),
            spec=spec,
            protect=self._guarded,
            turn=Turn(self._settings.rotation.postgres),
        )
        return PostgresServer("postgres", args, self._child)

    def _make_rabbitmq(self) -> Rabbitmq:
        rabbitmq = self._settings.rabbitmq
        spec = RabbitmqSpec(
            port=rabbitmq.port,
            management_port=rabbitmq.management_port,
            node_name=rabbitmq.node_name,
            memory=self._settings.rabbitmq_memory,
        )
        args = RabbitmqArgs(
            target=self._target("rabbitmq"),
            environment=self._settings.environment,
            spec=spec,
            protect=self._guarded,
            turn=Turn(self._settings.rotation.rabbitmq),
        )
        return Rabbitmq("rabbitmq", args, self._child)

    def _database(self, service: str) -> Database:
        args = DatabaseArgs(
            target=self._target("postgres").after(self._postgres.ready),
            database=self._names(service).database,
            port=self._postgres.port,
            protect=self._guarded,
        )
        return Database(service, args, self._child)

    def _names(self, service: str) -> ServiceNames:
        return ServiceNames(self._settings.environment, service)

    def _make_runtime(self) -> Runtime:
        packages: set[str] = set()
        repositories: dict[str, AptRepository] = {}
        for name in self._settings.services:
            runtime = self._settings.runtime_of(name)
            if not isinstance(runtime, DotnetRuntime):
                packages.update(runtime.packages)
                continue
            packages.add(f"aspnetcore-runtime-{runtime.version}")
            if runtime.feed:
                own = self._settings.services[name].runtime is not None
                path = f"services/{name}/runtime/feed/keyFile" if own else "runtime/feed/keyFile"
                repositories[runtime.feed.uri] = self._repository("dotnet", path, runtime.feed)
        args = RuntimeArgs(
            target=self._target("services"),
            environment=self._settings.environment,
            packages=tuple(sorted(packages)),
            repositories=tuple(repositories.values()),
        )
        return Runtime("runtime", args, self._child)

    def _release(self, name: str, artifact: Artifact) -> Release:
        if artifact.path is None:
            return Release(source=artifact.url or "", sha256=artifact.sha256 or "", upload=None)
        packed = pack(Path(artifact.path))
        source = f"{UPLOADS}/{name}-{self._settings.environment}-{packed.sha256[:12]}.tar.gz"
        return Release(source=source, sha256=packed.sha256, upload=packed.path)

    def _service(self, name: str) -> Microservice:
        settings, service = self._settings, self._settings.services[name]
        runtime = settings.runtime_of(name)
        release = self._release(name, service.artifact)
        pool = settings.pool_of(name)
        names = self._names(name)
        spec = MicroserviceSpec(
            names=names,
            port=service.port,
            version=service.version,
            source=release.source,
            sha256=release.sha256,
            runtime=Dotnet() if isinstance(runtime, DotnetRuntime) else Executable(template=runtime.command),
            memory_max=service.memory_max,
            cpu_quota=service.cpu_quota,
            ready_timeout=service.ready_timeout,
            drain_timeout=service.drain_timeout,
            migration=(service.migration.command, service.migration.timeout) if service.migration else None,
            settings=service.settings,
            variables=runtime.environment,
            keep=service.keep_releases,
            log_keep=settings.logs.keep,
            log_max=settings.logs.max_size,
        )
        secrets = {key: value.get_secret_value() for key, value in service.secrets.items()}
        args = MicroserviceArgs(
            target=self._target("services").after(
                self._runtime.ready, self._databases[name].ready, self._rabbitmq.ready
            ),
            spec=spec,
            artifact=release.upload,
            database=DatabaseAccess(
                host=self._reach("postgres"),
                port=self._postgres.port,
                name=names.database,
                user=self._postgres.user,
                password="",
                pool_max=pool.max,
                pool_min=pool.min,
            ),
            broker=BrokerAccess(
                host=self._reach("rabbitmq"),
                port=self._rabbitmq.port,
                vhost=self._rabbitmq.vhost,
                user=self._rabbitmq.user,
                password="",
            ),
            database_password=self._postgres.password,
            broker_password=self._rabbitmq.password,
            secrets=pulumi.Output.secret(secrets),
        )
        return Microservice(name, args, self._child)

    def _retire(self) -> dict[str, pulumi.Output[int]]:
        """Retire what services logged in with before; the number of each rotation, known once it has ended."""
        retired: dict[str, pulumi.Resource] = {}
        numbers = self._settings.rotation.model_dump()
        moved = tuple(service.ready for service in self._services.values())
        if role := self._postgres.outgoing:
            target = self._target("postgres").after(*moved)
            of_role = RetiredRoleArgs(target=target, role=role, port=self._postgres.port)
            retired["postgres"] = RetiredRole("postgres-retired", of_role, self._child).ready
        if user := self._rabbitmq.outgoing:
            of_user = RetiredUserArgs(
                target=self._target("rabbitmq").after(*moved),
                environment=self._settings.environment,
                user=user,
                port=self._rabbitmq.port,
            )
            retired["rabbitmq"] = RetiredUser("rabbitmq-retired", of_user, self._child).ready
        return {name: _after(unit, numbers[name]) for name, unit in retired.items()}

    def _reach(self, role: str) -> str:
        """Where the services reach a role's host: on their own host, through loopback."""
        name, host = self._settings.host_of(role)
        return "localhost" if name == self._settings.host_of("services")[0] else host.internal_address

    def _gateway(self) -> None:
        settings = self._settings
        target = self._target("gateway")
        certificates = CertificateSpec(
            environment=settings.environment,
            source=CERTIFICATE_SOURCES[settings.certificates.source],
            domains=tuple(settings.domains),
            directory=settings.certificates.path,
        )
        certificate = Certificate(
            "certificates", CertificateArgs(target=target, certificates=certificates), self._child
        )
        limits = settings.gateway
        spec = GatewaySpec(
            environment=settings.environment,
            sites=tuple(
                Site(
                    service=name,
                    domain=service.domain,
                    certificate=certificate.paths[service.domain].certificate,
                    certificate_key=certificate.paths[service.domain].key,
                    hangfire_allow=service.hangfire_allow,
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
        gateway = Gateway(
            "gateway", GatewayArgs(target=target.after(certificate.ready), gateway=spec), self._child
        )
        domain = settings.frontend.domain
        release = self._release("frontend", settings.frontend.artifact)
        frontend = FrontendSpec(
            environment=settings.environment,
            domain=domain,
            certificate=certificate.paths[domain].certificate,
            certificate_key=certificate.paths[domain].key,
            version=settings.frontend.version,
            source=release.source,
            sha256=release.sha256,
            keep=settings.frontend.keep_releases,
        )
        args = FrontendArgs(target=target.after(gateway.ready), frontend=frontend, artifact=release.upload)
        Frontend("frontend", args, self._child)

    def _backup(self) -> None:
        settings, backup = self._settings, self._settings.backup
        target = self._target("postgres").after(*(database.ready for database in self._databases.values()))
        bucket, remote, key = backup.bucket, None, ""
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
            args = BackupBucketArgs(
                kind=bucket.kind,
                name=bucket.name,
                key_id=bucket.key_id,
                key=key,
                hidden_days=HIDDEN_DAYS,
                protect=self._guarded,
            )
            target = target.after(*BackupBucket("backup-bucket", args, self._child).ready)
        spec = BackupSpec(
            environment=settings.environment,
            databases=tuple(self._names(name).database for name in settings.services),
            port=settings.postgres.port,
            directory=backup.directory,
            schedule=backup.schedule,
            retention_days=backup.retention_days,
            remote=remote,
        )
        Backup("backup", BackupArgs(target=target, spec=spec, key=key), self._child)

    def _dns(self) -> None:
        settings = self._settings
        if settings.dns is None:
            return
        token = settings.cloudflare.api_token.get_secret_value() if settings.cloudflare else None
        provider = cloudflare_provider("cloudflare", token, self._child)
        _, host = settings.host_of("gateway")
        for domain in settings.domains:
            record = DnsRecordSpec(
                environment=settings.environment,
                zone=settings.dns.zone,
                domain=domain,
                ipv4=host.address,
                ttl=settings.dns.ttl,
                proxied=settings.dns.proxied,
            )
            opts = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(providers=[provider]))
            DnsRecord(domain, DnsRecordArgs(zone_id=settings.dns.zone_id, record=record), opts)


def _after(resource: pulumi.Resource, number: int) -> pulumi.Output[int]:
    # an URN arrives when its resource is made: a run that fails before writes no number into the stack's outputs
    return resource.urn.apply(lambda _: number)


def _postgres_value(value: str | int | float | bool) -> str:
    """A value as ``postgresql.conf`` writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"'{value.replace(chr(39), chr(39) * 2)}'" if isinstance(value, str) else str(value)
