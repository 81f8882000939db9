"""The services, what they run on, and those that change together."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components import specs
from components.environment.frame import Frame
from components.environment.hosts import Hosts
from components.environment.stores import Stores
from components.microservice import Microservice, MicroserviceArgs, Runtime, RuntimeArgs
from components.release_set import ReleaseSet, ReleaseSetArgs


class Services:
    """Every service of an environment at the version that the settings name."""

    def __init__(self, frame: Frame, hosts: Hosts, stores: Stores) -> None:
        self._frame = frame
        self._hosts = hosts
        self._stores = stores
        self._settings = frame.settings
        self._runtime = self._make_runtime()
        self._services = {name: self._service(name) for name in self._settings.services}
        self._sets = [self._set(name, members) for name, members in self._settings.release_sets.items()]

    @property
    def ready(self) -> list[pulumi.Resource]:
        """What has been applied once each service runs what is wanted."""
        services = [service.ready for service in self._services.values()]
        return services + [release_set.ready for release_set in self._sets]

    def _make_runtime(self) -> Runtime:
        packages, repositories = specs.runtime_packages(self._settings)
        args = RuntimeArgs(
            target=self._hosts.target("services"),
            environment=self._settings.environment,
            packages=packages,
            repositories=repositories,
        )
        return Runtime("runtime", args, self._frame.child)

    def _service(self, name: str) -> Microservice:
        settings, stores = self._settings, self._stores
        service = settings.services[name]
        release = specs.release(settings, name, service.artifact)
        secrets = {key: value.get_secret_value() for key, value in service.secrets.items()}
        args = MicroserviceArgs(
            target=self._hosts.target("services").after(self._runtime.ready, *stores.before(name)),
            spec=specs.microservice(settings, name, release),
            artifact=release.upload,
            database=stores.database_access(name),
            broker=stores.broker_access(),
            database_password=stores.postgres.password,
            broker_password=stores.rabbitmq.password,
            secrets=pulumi.Output.secret(secrets),
            storage=stores.storage_access(name),
            storage_secret=stores.storage_secret(name),
        )
        return Microservice(name, args, self._frame.child)

    def _set(self, name: str, members: Sequence[str]) -> ReleaseSet:
        args = ReleaseSetArgs(
            target=self._hosts.target("services"),
            environment=self._settings.environment,
            services=[self._services[member] for member in members],
        )
        return ReleaseSet(name, args, self._frame.child)
