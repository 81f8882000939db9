"""The PostgreSQL server and its databases as Pulumi components."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.postgres.plan import (
    LOGIN,
    PostgresSpec,
    database_unit,
    defaults_unit,
    roles_unit,
    server_unit,
)
from components.remote import HostUnit, Target

PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class PostgresServerArgs:
    """``target``: the host it runs on. ``spec``: what it is to be. ``protect``: refuse to delete what holds data."""

    target: Target
    spec: PostgresSpec
    protect: bool


class PostgresServer(pulumi.ComponentResource):
    """A PostgreSQL server with the roles that own the databases and log in to them.

    Owns the package, its tuning and access rules, and a generated password. Deleting it stops the server and
    removes the package if this program installed it; the cluster's files stay unless data deletion was asked for.
    ``user`` and ``password`` (secret): what services log in with. ``port``: where it listens.
    """

    def __init__(
        self, name: str, args: PostgresServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:postgres:PostgresServer", name, None, opts)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        port = args.spec.port
        credential = random.RandomPassword(
            f"{name}-password",
            length=PASSWORD_LENGTH,
            special=False,
            opts=guarded,
        )
        before: list[pulumi.Resource] = []
        if not args.spec.has_checksums_by_default:
            child = pulumi.ResourceOptions(parent=self)
            before = [HostUnit(f"{name}-defaults", args.target, defaults_unit(), opts=child)]
        server = HostUnit(
            f"{name}-server", args.target, server_unit(args.spec), depends_on=before, opts=guarded
        )
        roles = HostUnit(
            f"{name}-roles",
            args.target,
            credential.result.apply(lambda password: roles_unit(port, password)),
            named="postgres-roles",
            depends_on=[server],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.user = LOGIN
        self.password = credential.result
        self.port = port
        self.ready: pulumi.Resource = roles
        self.register_outputs(
            {"user": self.user, "port": port, "password": pulumi.Output.secret(self.password)}
        )


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """``target``: the server's host, ready once server and roles are. ``database``: its name."""

    target: Target
    database: str
    port: int
    protect: bool


class Database(pulumi.ComponentResource):
    """One service's database, owned by the role that owns them all.

    Deleting it keeps the database and names it, unless data deletion was asked for.
    """

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:postgres:Database", name, None, opts)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-database",
            args.target,
            database_unit(args.database, args.port),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.name = args.database
        self.register_outputs({"name": self.name})
