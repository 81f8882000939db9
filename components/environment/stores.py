"""What keeps the services' data: PostgreSQL, RabbitMQ and the object storage, and how a service gets at its part."""

from __future__ import annotations

import pulumi

from components import specs
from components.environment.frame import Frame
from components.environment.hosts import Hosts
from components.microservice import BrokerAccess, DatabaseAccess, StorageAccess
from components.naming import ServiceNames
from components.object_storage import REGION, ObjectStorage, ObjectStorageArgs
from components.postgres import (
    Database,
    DatabaseArgs,
    PostgresServer,
    PostgresServerArgs,
    RetiredRole,
    RetiredRoleArgs,
)
from components.rabbitmq import Rabbitmq, RabbitmqArgs, RetiredUser, RetiredUserArgs
from components.turn import Turn


class Stores:
    """The servers that hold data, with a database for each service."""

    def __init__(self, frame: Frame, hosts: Hosts) -> None:
        self._frame = frame
        self._hosts = hosts
        self._settings = frame.settings
        self.postgres = self._make_postgres()
        self.rabbitmq = self._make_rabbitmq()
        self.databases = {name: self._database(name) for name in self._settings.services}
        self.objects = self._make_objects()

    def database_access(self, service: str) -> DatabaseAccess:
        """The database of a service, without its password."""
        pool = self._settings.pool_of(service)
        return DatabaseAccess(
            host=self._hosts.reach("postgres"),
            port=self.postgres.port,
            name=self._name(service),
            user=self.postgres.user,
            password="",
            pool_max=pool.max,
            pool_min=pool.min,
        )

    def broker_access(self) -> BrokerAccess:
        """The broker, without its password."""
        return BrokerAccess(
            host=self._hosts.reach("rabbitmq"),
            port=self.rabbitmq.port,
            vhost=self.rabbitmq.vhost,
            user=self.rabbitmq.user,
            password="",
        )

    def storage_access(self, service: str) -> StorageAccess | None:
        """The bucket of a service, without its secret; None where it has none."""
        objects = self.objects
        if objects is None or service not in objects.buckets:
            return None
        return StorageAccess(
            endpoint=f"http://{self._hosts.reach('object_storage')}:{objects.port}",
            region=REGION,
            bucket=objects.buckets[service],
            access_key=objects.keys[service],
            secret_key="",
        )

    def storage_secret(self, service: str) -> pulumi.Input[str]:
        """The secret of a service's bucket; empty where it has none."""
        objects = self.objects
        return objects.secrets[service] if objects and service in objects.buckets else ""

    def before(self, service: str) -> list[pulumi.Resource]:
        """What a service needs to be there."""
        objects = [self.objects.ready] if self.objects and service in self.objects.buckets else []
        return [self.databases[service].ready, self.rabbitmq.ready, *objects]

    def retire(self, moved: list[pulumi.Resource]) -> dict[str, pulumi.Resource]:
        """Retire what services logged in with before; what has been applied then, by the name of the rotation.

        ``moved``: what has been applied once no service logs in with it.
        """
        retired: dict[str, pulumi.Resource] = {}
        if role := self.postgres.outgoing:
            target = self._hosts.target("postgres").after(*moved)
            of_role = RetiredRoleArgs(target=target, role=role, port=self.postgres.port)
            retired["postgres"] = RetiredRole("postgres-retired", of_role, self._frame.child).ready
        if user := self.rabbitmq.outgoing:
            of_user = RetiredUserArgs(
                target=self._hosts.target("rabbitmq").after(*moved),
                environment=self._settings.environment,
                user=user,
                port=self.rabbitmq.port,
            )
            retired["rabbitmq"] = RetiredUser("rabbitmq-retired", of_user, self._frame.child).ready
        return retired

    def _name(self, service: str) -> str:
        return ServiceNames(self._settings.environment, service).database

    def _make_postgres(self) -> PostgresServer:
        args = PostgresServerArgs(
            target=self._hosts.target("postgres"),
            spec=specs.postgres(self._settings),
            protect=self._frame.protect,
            turn=Turn(self._settings.rotation.postgres),
        )
        return PostgresServer("postgres", args, self._frame.child)

    def _make_rabbitmq(self) -> Rabbitmq:
        args = RabbitmqArgs(
            target=self._hosts.target("rabbitmq"),
            environment=self._settings.environment,
            spec=specs.rabbitmq(self._settings),
            protect=self._frame.protect,
            turn=Turn(self._settings.rotation.rabbitmq),
        )
        return Rabbitmq("rabbitmq", args, self._frame.child)

    def _database(self, service: str) -> Database:
        args = DatabaseArgs(
            target=self._hosts.target("postgres").after(self.postgres.ready),
            database=self._name(service),
            port=self.postgres.port,
            protect=self._frame.protect,
        )
        return Database(service, args, self._frame.child)

    def _make_objects(self) -> ObjectStorage | None:
        wanted = self._frame.objects
        if wanted is None:
            return None
        args = ObjectStorageArgs(
            target=self._hosts.target("object_storage"),
            spec=wanted.storage,
            uploads=wanted.uploads,
            protect=self._frame.protect,
        )
        return ObjectStorage("object-storage", args, self._frame.child)
