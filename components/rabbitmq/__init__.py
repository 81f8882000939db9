"""RabbitMQ: the broker of an environment."""

from components.rabbitmq.component import Rabbitmq, RabbitmqArgs
from components.rabbitmq.plan import USER, RabbitmqSpec, environment_unit, server_unit

__all__ = ["USER", "Rabbitmq", "RabbitmqArgs", "RabbitmqSpec", "environment_unit", "server_unit"]
