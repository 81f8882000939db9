"""The RabbitMQ broker as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.credentials import Outgoing, credentials
from components.rabbitmq.plan import USERS, RabbitmqSpec, environment_unit, retired_unit, server_unit
from components.remote import HostUnit, Target
from components.turn import FIRST, Turn


@dataclass(frozen=True, kw_only=True)
class RabbitmqArgs:
    """``target``: the host it runs on. ``environment``: names the vhost. ``protect``: refuse to delete data.

    ``turn``: which of the two users services log in as.
    """

    target: Target
    environment: str
    spec: RabbitmqSpec
    protect: bool
    turn: Turn = FIRST


class Rabbitmq(pulumi.ComponentResource):
    """A RabbitMQ broker with the environment's vhost and its application user.

    Owns the package, its configuration and generated passwords. Deleting it stops the broker and removes the
    package if this program installed it; messages and users stay unless data deletion was asked for.
    ``vhost``, ``user``, ``password`` (secret), ``port``: what services log in with. ``outgoing``: what they logged in
    with before the last rotation, to be retired once none of them does; None before the first one.
    """

    def __init__(self, name: str, args: RabbitmqArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:rabbitmq:Rabbitmq", name, None, opts)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        environment, port, turn = args.environment, args.spec.port, args.turn
        passwords = credentials(f"{name}-password", turn, protect=args.protect, parent=self)
        server = HostUnit(f"{name}-server", args.target, server_unit(args.spec), opts=guarded)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-vhost",
            args.target,
            passwords.active.apply(lambda password: environment_unit(environment, password, args.spec, turn)),
            named=f"rabbitmq-{environment}",
            depends_on=[server],
            opts=guarded,
        )
        self.vhost = environment
        self.user = USERS[turn.slot]
        self.password = passwords.active
        self.port = port
        self.outgoing = passwords.retiring(turn, USERS)
        self.register_outputs(
            {
                "vhost": self.vhost,
                "user": self.user,
                "port": self.port,
                "password": pulumi.Output.secret(self.password),
            }
        )


@dataclass(frozen=True, kw_only=True)
class RetiredUserArgs:
    """``target``: the broker's host, ready once no service logs in as ``user`` any more."""

    target: Target
    environment: str
    user: Outgoing
    port: int


class RetiredUser(pulumi.ComponentResource):
    """The end of a rotation: the former user is gone with its connections, and its login is refused.

    Deleting it changes nothing on the host: a credential that was taken away stays away.
    """

    def __init__(self, name: str, args: RetiredUserArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:rabbitmq:RetiredUser", name, None, opts)
        environment, user, port = args.environment, args.user.name, args.port
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-user",
            args.target,
            args.user.password.apply(lambda password: retired_unit(environment, user, password, port)),
            named=f"rabbitmq-retired-{environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
