"""The PostgreSQL server and its databases as Pulumi components."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.credentials import Outgoing, credentials
from components.postgres.plan import (
    LOGINS,
    PostgresSpec,
    database_unit,
    defaults_unit,
    needs_defaults,
    retired_unit,
    roles_unit,
    server_unit,
)
from components.remote import HostUnit, Target
from components.turn import FIRST, Turn


@dataclass(frozen=True, kw_only=True)
class PostgresServerArgs:
    """``target``: the host it runs on. ``spec``: what it is to be. ``protect``: refuse to delete what holds data.

    ``turn``: which of the two roles services log in as.
    """

    target: Target
    spec: PostgresSpec
    protect: bool
    turn: Turn = FIRST


class PostgresServer(pulumi.ComponentResource):
    """A PostgreSQL server with the roles that own the databases and log in to them.

    Owns the package, its tuning and access rules, and generated passwords. Deleting it stops the server and
    removes the package if this program installed it; the cluster's files stay unless data deletion was asked for.
    ``user`` and ``password`` (secret): what services log in with. ``port``: where it listens. ``outgoing``: what they
    logged in with before the last rotation, to be retired once none of them does; None before the first one.
    """

    def __init__(
        self, name: str, args: PostgresServerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:postgres:PostgresServer", name, None, opts)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        port, turn = args.spec.port, args.turn
        passwords = credentials(f"{name}-password", turn, protect=args.protect, parent=self)
        before: list[pulumi.Resource] = []
        if needs_defaults(args.spec):
            child = pulumi.ResourceOptions(parent=self)
            before = [HostUnit(f"{name}-defaults", args.target, defaults_unit(args.spec), opts=child)]
        server = HostUnit(
            f"{name}-server", args.target, server_unit(args.spec), depends_on=before, opts=guarded
        )
        roles = HostUnit(
            f"{name}-roles",
            args.target,
            passwords.active.apply(lambda password: roles_unit(port, password, turn)),
            named="postgres-roles",
            depends_on=[server],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.user = LOGINS[turn.slot]
        self.password = passwords.active
        self.outgoing = passwords.retiring(turn, LOGINS)
        self.port = port
        self.ready: pulumi.Resource = roles
        self.register_outputs(
            {"user": self.user, "port": port, "password": pulumi.Output.secret(self.password)}
        )


@dataclass(frozen=True, kw_only=True)
class RetiredRoleArgs:
    """``target``: the server's host, ready once no service logs in as ``role`` any more."""

    target: Target
    role: Outgoing
    port: int


class RetiredRole(pulumi.ComponentResource):
    """The end of a rotation: the former role has no login, no password and no session, and its login is refused.

    Deleting it changes nothing on the host: a credential that was taken away stays away.
    """

    def __init__(self, name: str, args: RetiredRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:postgres:RetiredRole", name, None, opts)
        role, port = args.role.name, args.port
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-role",
            args.target,
            args.role.password.apply(lambda password: retired_unit(port, role, password)),
            named="postgres-retired",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


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
