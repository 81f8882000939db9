"""A whole environment: which component stands on which host, and what it needs from which.

This is the only place that knows both the settings and the components.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pulumi

from components import outputs, specs
from components.access import logins
from components.backup import Backup, BackupArgs, BackupBucket, BackupBucketArgs, Remote
from components.backup.host.component import HostBackup, HostBackupArgs
from components.certificate import (
    AcmeServer,
    AcmeServerArgs,
    Certificate,
    CertificateArgs,
    IssuedCertificates,
    IssuedCertificatesArgs,
)
from components.dns import (
    DnsRecord,
    DnsRecordArgs,
    Look,
    Record,
    cloudflare_provider,
    comment,
    nothing_in_the_way,
)
from components.dns.existing import BASE_URL, Zone
from components.dns.rfc2136.component import DnsZone, DnsZoneArgs, Looked
from components.frontend import Frontend, FrontendArgs
from components.gateway import Gateway, GatewayArgs
from components.host import Host, HostArgs
from components.microservice import (
    BrokerAccess,
    DatabaseAccess,
    Microservice,
    MicroserviceArgs,
    Runtime,
    RuntimeArgs,
    StorageAccess,
)
from components.naming import ServiceNames
from components.notifier import Notifier, NotifierArgs
from components.object_storage import REGION, ObjectBackup, ObjectBackupArgs, ObjectStorage, ObjectStorageArgs
from components.postgres import (
    Database,
    DatabaseArgs,
    PostgresServer,
    PostgresServerArgs,
    RetiredRole,
    RetiredRoleArgs,
)
from components.rabbitmq import Rabbitmq, RabbitmqArgs, RetiredUser, RetiredUserArgs
from components.release_set import ReleaseSet, ReleaseSetArgs
from components.remote import Bootstrap, BootstrapArgs, Observer, Target
from components.settings import Host as HostSettings
from components.settings import Settings
from components.turn import Turn
from components.wireguard import Wireguard, WireguardArgs


class Environment(pulumi.ComponentResource):
    """Everything of one environment. Deleting it removes it from its hosts; data stays unless the settings say so.

    ``observer``: what is on the hosts now; without it the plan follows from what was applied last.
    ``without_drill``: the reason to change what could lose data without a restore drill, or empty.
    ``names``: how the zone at a server of one's own differs from what is wanted, if it was asked.
    """

    def __init__(
        self,
        settings: Settings,
        observer: Observer | None = None,
        without_drill: str = "",
        names: Looked | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dhanman:environment:Environment", settings.environment, None, opts)
        self._settings = settings
        self._observer = observer
        self._without_drill = without_drill
        self._names_looked = names
        self._child = pulumi.ResourceOptions(parent=self)
        self._guarded = settings.environment != "local"
        self._logins = logins(settings)
        self._targets = {name: self._host(name, host) for name, host in settings.hosts.items()}
        self._tunnel = self._make_tunnel()
        self._notifiers = self._make_notifiers()
        self._postgres = self._make_postgres()
        self._rabbitmq = self._make_rabbitmq()
        self._databases = {name: self._database(name) for name in settings.services}
        self._objects = self._make_objects()
        self._runtime = self._make_runtime()
        self._services = {name: self._service(name) for name in settings.services}
        self._sets = [self._release_set(name, members) for name, members in settings.release_sets.items()]
        served = self._gateway()
        self._backup()
        self._issue(served, self._dns())
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
        gate = specs.data_gate(settings, name, self._without_drill)
        args = HostArgs(target=bootstrap.target, spec=specs.host(settings, name, gate))
        return Host(name, args, self._child).target

    def _make_tunnel(self) -> Wireguard | None:
        """The tunnel between the hosts, if there is one; all that comes after waits for it on its own host."""
        spec = specs.wireguard(self._settings)
        if spec is None:
            return None
        args = WireguardArgs(targets=self._targets, spec=spec, rotation=self._settings.rotation.wireguard)
        made = Wireguard("wireguard", args, self._child)
        self._targets = {name: target.after(made.ready[name]) for name, target in self._targets.items()}
        return made

    def _make_notifiers(self) -> dict[str, Notifier]:
        """A notifier on each host, by the host's name; none where nobody is to be told."""
        settings, alerts = self._settings, self._settings.alerts
        if alerts is None:
            return {}
        webhook, password = specs.alert_secrets(alerts)
        return {
            name: Notifier(
                f"{name}-notifier",
                NotifierArgs(
                    target=self._targets[name],
                    spec=specs.notifier(settings, alerts, name, host),
                    webhook=pulumi.Output.secret(webhook),
                    password=pulumi.Output.secret(password),
                ),
                self._child,
            )
            for name, host in settings.hosts.items()
        }

    def _told(self, host: str) -> list[pulumi.Resource]:
        """What must be there before units of a host that tell their failures."""
        return [self._notifiers[host].ready] if self._notifiers else []

    def _make_postgres(self) -> PostgresServer:
        args = PostgresServerArgs(
            target=self._target("postgres"),
            spec=specs.postgres(self._settings),
            protect=self._guarded,
            turn=Turn(self._settings.rotation.postgres),
        )
        return PostgresServer("postgres", args, self._child)

    def _make_rabbitmq(self) -> Rabbitmq:
        args = RabbitmqArgs(
            target=self._target("rabbitmq"),
            environment=self._settings.environment,
            spec=specs.rabbitmq(self._settings),
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
        packages, repositories = specs.runtime_packages(self._settings)
        args = RuntimeArgs(
            target=self._target("services"),
            environment=self._settings.environment,
            packages=packages,
            repositories=repositories,
        )
        return Runtime("runtime", args, self._child)

    @cached_property
    def _objects_spec(self) -> specs.Objects | None:
        """Made once: it may pack a program of this machine."""
        wanted = self._settings.object_storage
        return specs.objects(self._settings, wanted) if wanted else None

    def _make_objects(self) -> ObjectStorage | None:
        wanted = self._objects_spec
        if wanted is None:
            return None
        args = ObjectStorageArgs(
            target=self._target("object_storage"),
            spec=wanted.storage,
            uploads=wanted.uploads,
            protect=self._guarded,
        )
        return ObjectStorage("object-storage", args, self._child)

    def _storage(self, service: str) -> StorageAccess | None:
        """The bucket of a service, without its secret."""
        objects = self._objects
        if objects is None or service not in objects.buckets:
            return None
        return StorageAccess(
            endpoint=f"http://{self._reach('object_storage')}:{objects.port}",
            region=REGION,
            bucket=objects.buckets[service],
            access_key=objects.keys[service],
            secret_key="",
        )

    def _service(self, name: str) -> Microservice:
        settings, service = self._settings, self._settings.services[name]
        release = specs.release(settings, name, service.artifact)
        storage = self._storage(name)
        pool = settings.pool_of(name)
        secrets = {key: value.get_secret_value() for key, value in service.secrets.items()}
        args = MicroserviceArgs(
            target=self._target("services").after(
                self._runtime.ready,
                self._databases[name].ready,
                self._rabbitmq.ready,
                *([self._objects.ready] if storage and self._objects else []),
            ),
            spec=specs.microservice(settings, name, release),
            artifact=release.upload,
            database=DatabaseAccess(
                host=self._reach("postgres"),
                port=self._postgres.port,
                name=self._names(name).database,
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
            storage=storage,
            storage_secret=self._objects.secrets[name] if storage and self._objects else "",
        )
        return Microservice(name, args, self._child)

    def _release_set(self, name: str, members: Sequence[str]) -> ReleaseSet:
        args = ReleaseSetArgs(
            target=self._target("services"),
            environment=self._settings.environment,
            services=[self._services[member] for member in members],
        )
        return ReleaseSet(name, args, self._child)

    def _retire(self) -> dict[str, pulumi.Output[int]]:
        """Retire what services logged in with before; the number of each rotation, known once it has ended."""
        retired: dict[str, pulumi.Resource] = {}
        numbers = self._settings.rotation.model_dump()
        moved = (
            *(service.ready for service in self._services.values()),
            *(part.ready for part in self._sets),
        )
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
        ended = {name: _after(numbers[name], unit) for name, unit in retired.items()}
        if self._tunnel and numbers["wireguard"]:
            ended["wireguard"] = _after(numbers["wireguard"], *self._tunnel.ready.values())
        return ended

    def _reach(self, role: str) -> str:
        """Where the services reach a role's host: on their own host, through loopback."""
        name, host = self._settings.host_of(role)
        return "localhost" if name == self._settings.host_of("services")[0] else host.internal_address

    def _gateway(self) -> pulumi.Resource:
        """What has been applied once NGINX serves every domain."""
        settings, target = self._settings, self._target("gateway")
        asked = settings.certificates.asked
        certificate = Certificate(
            "certificates",
            CertificateArgs(
                target=target.after(*self._told(settings.host_of("gateway")[0])) if asked else target,
                certificates=specs.certificates(settings),
                token=pulumi.Output.secret(token) if (token := specs.acme_token(settings)) else "",
            ),
            self._child,
        )
        gateway = Gateway(
            "gateway",
            GatewayArgs(
                target=target.after(certificate.ready), gateway=specs.gateway(settings, certificate.paths)
            ),
            self._child,
        )
        release = specs.release(settings, "frontend", settings.frontend.artifact)
        spec = specs.frontend(settings, certificate.paths, release)
        args = FrontendArgs(target=target.after(gateway.ready), frontend=spec, artifact=release.upload)
        return Frontend("frontend", args, self._child).ready

    def _issue(self, served: pulumi.Resource, names: Sequence[pulumi.Resource]) -> None:
        """Certificates of an ACME server, once it finds the gateway under its names."""
        settings, asked = self._settings, self._settings.certificates.asked
        if asked is None:
            return
        target = self._target("gateway")
        before = [served, *names]
        if asked.directory == "pebble":
            server = AcmeServerArgs(target=target, environment=settings.environment)
            before.append(AcmeServer("acme-server", server, self._child).ready)
        args = IssuedCertificatesArgs(target=target.after(*before), certificates=specs.certificates(settings))
        IssuedCertificates("certificates-issued", args, self._child)

    def _backup(self) -> None:
        bucket = self._bucket
        target = self._target("postgres").after(
            *(database.ready for database in self._databases.values()),
            *self._told(self._settings.host_of("postgres")[0]),
            *(bucket.ready if bucket else ()),
        )
        spec = specs.backup(self._settings)
        of_backup = BackupArgs(
            target=target,
            spec=spec,
            access=bucket.access if bucket else None,
            physical=specs.physical_backup(self._settings),
            source_secrets=specs.source_secrets(self._settings),
            protect=self._guarded,
        )
        backup = Backup("backup", of_backup, self._child)
        self._host_backup(spec.remote, bucket, backup.ready)
        self._object_backup(bucket, backup.ready)

    def _host_backup(
        self, remote: Remote | None, bucket: BackupBucket | None, dumps: pulumi.Resource
    ) -> None:
        hosts = {}
        for name, target in self._targets.items():
            spec = specs.host_backup(self._settings, name, remote)
            before = [dumps] if spec.beside_dumps else [*bucket.ready] if bucket else []
            broker = [self._rabbitmq.ready] if spec.rabbitmq else []
            hosts[name] = (target.after(*self._told(name), *before, *broker), spec)
        args = HostBackupArgs(hosts=hosts, access=bucket.access if bucket else None, protect=self._guarded)
        HostBackup("host-backup", args, self._child)

    @cached_property
    def _bucket(self) -> BackupBucket | None:
        """The one bucket of the environment, for everything that is backed up."""
        spec = specs.bucket(self._settings)
        if spec is None:
            return None
        key, admin_key = specs.bucket_keys(self._settings)
        args = BackupBucketArgs(spec=spec, key=key, admin_key=admin_key, protect=self._guarded)
        providers = [self._cloudflare] if spec.kind == "r2" else []
        opts = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(providers=providers))
        return BackupBucket("backup-bucket", args, opts)

    @cached_property
    def _cloudflare(self) -> pulumi.ProviderResource:
        found = self._settings.cloudflare
        token = found.api_token.get_secret_value() if found else None
        return cloudflare_provider(
            "cloudflare", token, self._child, base_url=found.base_url if found else None
        )

    def _object_backup(self, bucket: BackupBucket | None, dumps: pulumi.Resource) -> None:
        wanted, access = self._objects_spec, bucket.access if bucket else None
        if wanted is None or self._objects is None:
            return
        args = ObjectBackupArgs(
            # a folder that dumps and objects both go to is that of the dumps
            target=self._target("object_storage").after(
                self._objects.ready,
                dumps,
                *self._told(self._settings.host_of("object_storage")[0]),
                *(bucket.ready if bucket else ()),
            ),
            spec=wanted.backup,
            key_id=access.key_id if access else "",
            key=access.key if access else "",
            protect=self._guarded,
        )
        ObjectBackup("object-backup", args, self._child)

    def _dns(self) -> list[pulumi.Resource]:
        """The records, if any are kept here."""
        settings, dns = self._settings, self._settings.dns
        made: list[pulumi.Resource] = []
        if dns is None:
            return made
        if wanted := specs.dns_zone(settings, dns):
            made.append(DnsZone("dns", DnsZoneArgs(wanted=wanted, looked=self._names_looked), self._child))
        if dns.provider != "cloudflare":
            return made
        zone, said = dns.zone_id or "", comment(settings.environment)
        records = specs.dns_records(settings, dns)
        for key in sorted(set(dns.imports) - {record.key for record in records}):
            pulumi.log.warn(
                f"{settings.file}: dns/imports/{key}: there is no such record, so nothing is imported"
            )
        opts = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(providers=[self._cloudflare]))
        before = self._before_records(zone, records, said)
        for group in dict.fromkeys(record.group for record in records):
            args = DnsRecordArgs(
                zone_id=zone,
                records=[record for record in records if record.group == group],
                comment=said,
                imports=dns.imports,
                before=before,
            )
            made.append(DnsRecord(group, args, opts))
        return made

    def _before_records(self, zone: str, records: Sequence[Record], said: str) -> pulumi.ResourceHook | None:
        """What looks at Cloudflare before a record is made; None where nobody can be asked."""
        settings, found = self._settings, self._settings.cloudflare
        missing = settings.is_placeholder("dns", "zoneId") or settings.is_placeholder("cloudflare:apiToken")
        if found is None or missing:
            return None
        at = Zone(id=zone, token=found.api_token.get_secret_value(), base_url=found.base_url or BASE_URL)
        look = Look(
            zone=at,
            records=records,
            comment=said,
            command=lambda key: specs.import_command(settings, key),
        )
        return nothing_in_the_way(look)


def _after(number: int, *resources: pulumi.Resource) -> pulumi.Output[int]:
    # an URN arrives when its resource is made: a run that fails before writes no number into the stack's outputs
    return pulumi.Output.all(*(resource.urn for resource in resources)).apply(lambda _: number)
