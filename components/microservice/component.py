"""A microservice as a Pulumi component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi

from components.microservice.plan import mark_of, microservice_unit, runtime_unit, service_unit_name
from components.microservice.spec import BrokerAccess, DatabaseAccess, MicroserviceSpec, StorageAccess
from components.remote import HostUnit, Target, Upload
from components.unit import AptRepository, Unit


@dataclass(frozen=True, kw_only=True)
class RuntimeArgs:
    """``target``: the services' host. ``packages``: Debian packages, from ``repositories`` where needed."""

    target: Target
    environment: str
    packages: tuple[str, ...]
    repositories: tuple[AptRepository, ...] = ()


class Runtime(pulumi.ComponentResource):
    """The runtime that an environment's services need on their host (.NET, or what an executable asks for).

    Deleting it removes the packages that this program installed and nobody else needs.
    """

    def __init__(self, name: str, args: RuntimeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:microservice:Runtime", name, None, opts)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-packages",
            args.target,
            runtime_unit(args.environment, args.packages, args.repositories),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """``target``: the host, ready once runtime, database and vhost are.

    ``artifact``: the tar.gz on this machine, uploaded to ``spec.source``; None if the host fetches a URL.
    ``database_password``, ``broker_password``, ``storage_secret``, ``secrets`` (by dotted key): secret.
    ``storage``: its bucket, if it has one.
    """

    target: Target
    spec: MicroserviceSpec
    artifact: Path | None
    database: DatabaseAccess
    broker: BrokerAccess
    database_password: pulumi.Input[str]
    broker_password: pulumi.Input[str]
    secrets: pulumi.Input[Mapping[str, str]]
    storage: StorageAccess | None = None
    storage_secret: pulumi.Input[str] = ""


class Microservice(pulumi.ComponentResource):
    """One .NET service in one environment: its user, release, settings, slot, socket and port.

    Applied only when ``/health/ready`` answers; otherwise the host has the previous state back. Deleting it stops
    the service and removes all of that, the releases included; its logs and its state directory stay. One of a
    release set only lays its release ready: the set starts and switches it.
    """

    mark: pulumi.Output[str]
    """Another one for everything that its process is started from; secret."""

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:microservice:Microservice", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        spec = args.spec
        before: list[pulumi.Resource] = []
        if args.artifact is not None:
            before = [Upload(f"{name}-artifact", args.target, args.artifact, spec.source, opts=child)]

        def unit(values: Mapping[str, Any]) -> Unit:
            return microservice_unit(
                spec,
                replace(args.database, password=values["database"]),
                replace(args.broker, password=values["broker"]),
                values["secrets"],
                replace(args.storage, secret_key=values["storage"]) if args.storage else None,
            )

        values = pulumi.Output.all(
            database=args.database_password,
            broker=args.broker_password,
            secrets=args.secrets,
            storage=args.storage_secret,
        )
        made = values.apply(unit)
        self.mark = made.apply(mark_of)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-service",
            args.target,
            made,
            named=service_unit_name(spec.names),
            depends_on=before,
            opts=child,
        )
        self.base = spec.names.base
        self.unit = spec.names.unit
        self.port = spec.port
        self.version = spec.version
        self.register_outputs({"unit": self.unit, "port": self.port, "version": self.version})
