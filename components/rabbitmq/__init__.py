"""RabbitMQ: the broker of an environment."""

from components.rabbitmq.component import Rabbitmq, RabbitmqArgs, RetiredUser, RetiredUserArgs
from components.rabbitmq.plan import USERS, RabbitmqSpec, environment_unit, retired_unit, server_unit

__all__ = [
    "USERS",
    "Rabbitmq",
    "RabbitmqArgs",
    "RabbitmqSpec",
    "RetiredUser",
    "RetiredUserArgs",
    "environment_unit",
    "retired_unit",
    "server_unit",
]
