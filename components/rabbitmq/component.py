"""The RabbitMQ broker as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.rabbitmq.plan import USER, RabbitmqSpec, environment_unit, server_unit
from components.remote import HostUnit, Target

PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class RabbitmqArgs:
    """``target``: the host it runs on. ``environment``: names the vhost. ``protect``: refuse to delete data."""

    target: Target
    environment: str
    spec: RabbitmqSpec
    protect: bool


class Rabbitmq(pulumi.ComponentResource):
    """A RabbitMQ broker with the environment's vhost and its application user.

    Owns the package, its configuration and a generated password. Deleting it stops the broker and removes the
    package if this program installed it; messages and users stay unless data deletion was asked for.
    ``vhost``, ``user``, ``password`` (secret), ``port``: what services log in with.
    """

    def __init__(self, name: str, args: RabbitmqArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:rabbitmq:Rabbitmq", name, None, opts)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        environment = args.environment
        credential = random.RandomPassword(
            f"{name}-password", length=PASSWORD_LENGTH, special=False, opts=guarded
        )
        server = HostUnit(f"{name}-server", args.target, server_unit(args.spec), opts=guarded)
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-vhost",
            args.target,
            credential.result.apply(lambda password: environment_unit(environment, password)),
            named=f"rabbitmq-{environment}",
            depends_on=[server],
            opts=guarded,
        )
        self.vhost = environment
        self.user = USER
        self.password = credential.result
        self.port = args.spec.port
        self.register_outputs(
            {
                "vhost": self.vhost,
                "user": self.user,
                "port": self.port,
                "password": pulumi.Output.secret(self.password),
            }
        )
