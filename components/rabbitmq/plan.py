"""The RabbitMQ broker and an environment's vhost as host units. Pure.

Source: RabbitMQ's production checklist; the deployment document, sections "Current Deployment Topology" and
"Firewall Rules".
"""

from __future__ import annotations

from dataclasses import dataclass

from components.templates import Templates
from components.turn import SLOTS, Turn
from components.unit import (
    CommandCheck,
    Directory,
    File,
    Packages,
    RabbitmqDefinitions,
    RabbitmqQueues,
    RabbitmqRetiredUser,
    RabbitmqUser,
    Service,
    TcpCheck,
    Unit,
)

USERS = {slot: f"dhanman_{slot}" for slot in SLOTS}
"""What services log in as: ``dhanman_a`` and ``dhanman_b`` take turns."""

UNIT = "rabbitmq-server.service"
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
CONNECTIONS_LIMIT = 1000
DEAD_LETTERS = "dead-letters"
"""Exchange and queue of messages that were delivered too often."""

_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class RabbitmqSpec:
    """The broker. ``memory``: bytes above which publishers wait. ``node_name``: keeps its data, never changes.

    ``queue_type``: of queues that are declared without one. ``delivery_limit``: deliveries of a message before it goes
    to the dead letters.
    """

    port: int
    management_port: int
    node_name: str
    memory: int
    queue_type: str = "quorum"
    delivery_limit: int = 20


def server_unit(spec: RabbitmqSpec) -> Unit:
    """Unit ``rabbitmq``: package, configuration, plugins, running broker."""
    package = "rabbitmq-server"
    restart = (f"restart {UNIT}",)
    plugins = ",".join(PLUGINS)
    return Unit(
        name="rabbitmq",
        things=(
            Packages(name="rabbitmq", packages=(package,)),
            Directory(
                path="/var/lib/rabbitmq",
                mode="0750",
                owner="rabbitmq",
                group="rabbitmq",
                data=True,
                recursive=True,
                of_package=package,
            ),
            _file("etc/rabbitmq/rabbitmq-env.conf", restart, of_package=package, node_name=spec.node_name),
            _file(
                "etc/rabbitmq/rabbitmq.conf",
                restart,
                port=spec.port,
                management_port=spec.management_port,
                memory=spec.memory,
                disk_free=spec.memory,
            ),
            File(path="/etc/rabbitmq/enabled_plugins", content=f"[{plugins}].\n", notify=restart),
            _file("etc/systemd/system/rabbitmq-server.service.d/dhanman.conf", ("daemon-reload", *restart)),
            _file("etc/systemd/system/epmd.socket.d/dhanman.conf", ("daemon-reload", "restart epmd.socket")),
            Service(unit=UNIT, log=f"/var/log/rabbitmq/{spec.node_name}.log"),
        ),
        checks=(
            TcpCheck(port=spec.port, timeout=60),
            TcpCheck(port=spec.management_port, timeout=60),
            CommandCheck(
                argv=("rabbitmqctl", "--quiet", "await_startup"), title="RabbitMQ has started", timeout=60
            ),
        ),
    )


def _file(template: str, notify: tuple[str, ...], *, of_package: str | None = None, **values: object) -> File:
    content = _TEMPLATES.render(template, **values)
    return File(path=f"/{template}", content=content, notify=notify, of_package=of_package)


def environment_unit(environment: str, password: str, spec: RabbitmqSpec, turn: Turn) -> Unit:
    """Unit ``rabbitmq-{env}``: the environment's vhost, the user whose turn it is, no ``guest``, and dead letters.

    The other user is left as it is: services may still log in as it.
    """
    return Unit(
        name=f"rabbitmq-{environment}",
        things=(
            RabbitmqDefinitions(
                vhost=environment,
                users=(RabbitmqUser(name=USERS[turn.slot], password=password),),
                absent_users=("guest",),
                vhost_limits={"max-connections": CONNECTIONS_LIMIT},
                outgoing_users=(USERS[turn.outgoing],) if turn.outgoing else (),
                # a unit of before the first rotation stays the text that it was
                port=spec.port if turn.number else None,
            ),
            RabbitmqQueues(
                vhost=environment,
                queue_type=spec.queue_type,
                delivery_limit=spec.delivery_limit,
                dead_letters=DEAD_LETTERS,
            ),
        ),
        redact=(password,),
    )


def retired_unit(environment: str, user: str, password: str, port: int) -> Unit:
    """Unit ``rabbitmq-retired-{env}``: the user whose turn is over is gone. ``password``: its last one."""
    return Unit(
        name=f"rabbitmq-retired-{environment}",
        things=(RabbitmqRetiredUser(name=user, password=password, vhost=environment, port=port),),
        redact=(password,),
    )
