"""The RabbitMQ broker and an environment's vhost as host units. Pure.

Source: RabbitMQ's production checklist; the deployment document, sections "Current Deployment Topology" and
"Firewall Rules".
"""

from __future__ import annotations

from dataclasses import dataclass

from components.templates import Templates
from components.unit import (
    CommandCheck,
    Directory,
    File,
    Packages,
    RabbitmqDefinitions,
    RabbitmqUser,
    Service,
    TcpCheck,
    Unit,
)

USER = "dhanman_a"
"""What services log in as. ``dhanman_b`` takes its turn when the password is rotated."""

UNIT = "rabbitmq-server.service"
PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
CONNECTIONS_LIMIT = 1000
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class RabbitmqSpec:
    """The broker. ``memory``: bytes above which publishers wait. ``node_name``: keeps its data, never changes."""

    port: int
    management_port: int
    node_name: str
    memory: int


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


def environment_unit(environment: str, password: str) -> Unit:
    """Unit ``rabbitmq-{env}``: the environment's vhost, its user, and no ``guest``."""
    return Unit(
        name=f"rabbitmq-{environment}",
        things=(
            RabbitmqDefinitions(
                vhost=environment,
                users=(RabbitmqUser(name=USER, password=password),),
                absent_users=("guest",),
                vhost_limits={"max-connections": CONNECTIONS_LIMIT},
            ),
        ),
        redact=(password,),
    )
