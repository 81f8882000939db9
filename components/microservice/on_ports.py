"""The units of a slot whose process listens on a port of loopback, for services that know no Unix sockets. Pure.

They are files of the slot ``wanted``, which never runs: there they are verified and shown like every other file.
``hostctl`` copies them when it fills a slot, so that a slot that runs is what it was started from, its way to stop
included; a template would change under both slots at once.

Source: systemd-socket-proxyd(8); systemd.socket(5).
"""

from __future__ import annotations

from components.microservice.spec import MicroserviceSpec
from components.naming import UNITS, WANTED
from components.templates import Templates
from components.unit import File

CONNECTIONS = 4096
"""Connections of one slot at once: more than NGINX's workers open. The proxy's own default is 256."""

DESCRIPTORS = 6 * CONNECTIONS + 64
"""Each connection has two sockets and two pipes; the rest is the proxy's own."""

_FOLDER = "etc/systemd/system"
_TEMPLATES = Templates(__file__)


def files(spec: MicroserviceSpec) -> tuple[File, ...]:
    """The drop-in of the slot, its socket and its proxy, with ``%i`` for the slot and a variable for its port."""
    names = spec.names
    values = {
        "service": names.service,
        "aspnetcore_environment": names.aspnetcore_environment,
        "base": names.base,
        "command": spec.runtime.command(
            names, names.slot_directory("%i"), "http://127.0.0.1:${DHANMAN_SLOT_PORT}"
        ),
        "port_file": names.slot_port_file("%i"),
        "runtime_directory": names.slot_runtime_directory("%i"),
        "slot_socket": names.slot_socket("%i"),
        "connections": CONNECTIONS,
        "descriptors": DESCRIPTORS,
    }
    templates = {
        names.slot_drop_in(WANTED): "slot@.service.d/port.conf",
        names.proxy_socket_unit(WANTED): "proxy@.socket",
        names.proxy_service_unit(WANTED): "proxy@.service",
    }
    return tuple(
        File(
            path=f"{UNITS}/{name}",
            content=_TEMPLATES.render(f"{_FOLDER}/{template}", **values),
            notify=("daemon-reload",),
        )
        for name, template in templates.items()
    )
