"""A microservice on its host, and the runtime that services need, as host units. Pure.

Source: the deployment document, sections "Service Configuration" and "Folder Structure on Server"; slots, sockets
and releases as ``docs/decisions.md`` explains.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from components.microservice import on_ports
from components.microservice.appsettings import appsettings
from components.microservice.spec import BrokerAccess, DatabaseAccess, MicroserviceSpec, StorageAccess
from components.naming import CONFIG_ROOT, SLOTS, UNITS, WANTED, ServiceNames
from components.templates import Templates
from components.unit import (
    AptRepository,
    Deployment,
    Directory,
    File,
    Group,
    HttpCheck,
    Packages,
    Release,
    Service,
    Symlink,
    Thing,
    Unit,
    User,
    Validation,
)

LOGS_FOLDER = "logs"
"""The document's folder of the application that it may write to."""

SLOT_TEMPLATE = "etc/systemd/system/slot@.service"
_TEMPLATES = Templates(__file__)


def microservice_unit(
    spec: MicroserviceSpec,
    database: DatabaseAccess,
    broker: BrokerAccess,
    secrets: Mapping[str, str],
    storage: StorageAccess | None = None,
) -> Unit:
    """Unit ``service-{service}-{env}``: user, release, settings, slot, port; ready when it has been applied."""
    names = spec.names
    files = _units(spec)
    of_ports = on_ports.files(spec) if spec.slot_ports else ()
    settings = appsettings(names.display_name, database, broker, spec.settings, secrets, storage)
    options = _digest(
        *(file.content for file in files if file.path.endswith(names.slot_template)),
        *(file.content for file in of_ports),
        *(str(port) for port in (spec.slot_ports or {}).values()),
    )
    things: tuple[Thing, ...] = (
        Group(name=names.user),
        User(name=names.user, group=names.user, home=names.state),
        Release(
            root=names.root,
            version=spec.version,
            source=spec.source,
            sha256=spec.sha256,
            group=names.user,
            config_directory=names.config_directory,
            config_files=(names.settings_file, LOGS_FOLDER),
            executable=spec.runtime.executable(names),
            keep=spec.keep,
        ),
        Directory(path=names.config_directory, exclusive=True),
        *(Directory(path=f"{names.config_directory}/{slot}", exclusive=True) for slot in SLOTS),
        # what a slot's own settings file is mounted over, for its processes alone
        File(path=f"{names.config_directory}/{names.settings_file}", content="{}\n", mode="0444"),
        Symlink(path=f"{names.config_directory}/{LOGS_FOLDER}", target=names.own_logs),
        # StateDirectory= of the slots: what the service keeps, such as its data protection keys
        Directory(
            path=names.state,
            mode="0700",
            owner=names.user,
            group="www-data",
            data=True,
            recursive=True,
        ),
        Symlink(path=names.www, target=names.current_release),
        # what the units are verified with before any slot has the release
        Symlink(path=names.slot_directory(WANTED), target=f"{names.root}/releases/{spec.version}"),
        *files,
        *of_ports,
        File(path=f"{CONFIG_ROOT}/logs.d/{names.base}.json", content=_rotation(spec)),
        Service(unit=names.unit),
        Deployment(
            root=names.root,
            service=names.base,
            version=spec.version,
            artifact=spec.sha256,
            settings=settings,
            settings_file=names.settings_file,
            config_directory=names.config_directory,
            user=names.user,
            current_socket=names.current_socket,
            unit_digest=options,
            health=(("/health/startup", spec.ready_timeout), ("/health/ready", spec.ready_timeout)),
            logs=(names.log, names.error_log),
            deploy_log=names.deploy_log,
            migration=spec.migration[1] if spec.migration else None,
            canary=spec.canary,
            release_set=spec.release_set,
            mark=_mark(spec, options, settings) if spec.release_set else None,
            slot_ports=spec.slot_ports,
        ),
        Service(unit=names.port_socket_unit),
    )
    of_storage = (storage.secret_key,) if storage else ()
    password_texts = (database.password, broker.password, *of_storage, *secrets.values())
    ports = (names.port_socket_unit, names.port_socket6_unit, names.port_service_unit)
    migration = (names.migration_template,) if spec.migration else ()
    proxies = (names.proxy_socket_unit(WANTED), names.proxy_service_unit(WANTED)) if of_ports else ()
    verified = (names.unit, names.slot_template, *ports, *migration, *proxies)
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no")
    return Unit(
        name=service_unit_name(names),
        things=things,
        validations=(Validation(argv=(*verify, *(f"{UNITS}/{_instance(f)}" for f in verified))),),
        checks=(HttpCheck(path="/health", port=spec.port, timeout=10, log=names.error_log),),
        redact=password_texts,
    )


def service_unit_name(names: ServiceNames) -> str:
    """Name of the unit of one service: ``service-sales-prod``."""
    return f"service-{names.service}-{names.environment}"


def mark_of(unit: Unit) -> str:
    """What tells the process that the unit wants from every other one, for its release set."""
    return next(thing.mark or "" for thing in unit.things if isinstance(thing, Deployment))


def _mark(spec: MicroserviceSpec, options: str, settings: str) -> str:
    return hashlib.sha256("\0".join((spec.version, spec.sha256, options, settings)).encode()).hexdigest()


def _instance(file: str) -> str:
    return file.replace("@.", f"@{WANTED}.")


def _digest(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def _rotation(spec: MicroserviceSpec) -> str:
    rotation = {
        "unit": f"{spec.names.base}@*.service",
        "paths": [spec.names.log, spec.names.error_log],
        "keep": spec.log_keep,
        "maxBytes": spec.log_max,
    }
    return json.dumps(rotation, indent=2) + "\n"


def _units(spec: MicroserviceSpec) -> tuple[File, ...]:
    names = spec.names
    urls = f"http://unix:/run/{names.slot_runtime_directory('%i')}/http.sock"
    values = {
        "service": names.service,
        "environment": names.environment,
        "aspnetcore_environment": names.aspnetcore_environment,
        "base": names.base,
        "root": names.root,
        "user": names.user,
        "command": spec.runtime.command(names, names.slot_directory("%i"), urls),
        "variables": spec.variables,
        "log": names.log,
        "error_log": names.error_log,
        "memory_max": spec.memory_max,
        "cpu_quota": spec.cpu_quota,
        "port": spec.port,
        "drain_timeout": f"{spec.drain_timeout:g}",
        "migration": None,
        "current_socket": names.current_socket,
        "canary_socket": names.canary_socket if spec.canary else None,
        "connections": on_ports.CONNECTIONS,
        "descriptors": on_ports.DESCRIPTORS,
        "slot_socket": names.slot_socket("%i"),
        "settings": f"{names.config_directory}/%i/{names.settings_file}",
        "settings_file": f"{names.config_directory}/{names.settings_file}",
    }
    reload = "daemon-reload"
    files = (
        (f"{UNITS}/{names.slot_template}", SLOT_TEMPLATE, (reload,)),
        (f"{UNITS}/{names.unit}", "etc/systemd/system/service.service", (reload,)),
        (
            f"{UNITS}/{names.port_socket_unit}",
            "etc/systemd/system/port.socket",
            (reload, f"restart {names.port_socket_unit}"),
        ),
        # started with the other socket, so that both are open before the first connection
        (
            f"{UNITS}/{names.port_socket6_unit}",
            "etc/systemd/system/port6.socket",
            (reload, f"restart {names.port_socket_unit}"),
        ),
        (
            f"{UNITS}/{names.port_service_unit}",
            "etc/systemd/system/port.service",
            (reload, f"restart {names.port_service_unit}"),
        ),
    )
    rendered = [(path, _TEMPLATES.render(template, **values), notify) for path, template, notify in files]
    if spec.migration:
        command, timeout = spec.migration
        line = command.replace("%", "%%").format(release=names.slot_directory("%i"))
        values["migration"] = {"command": line, "timeout": f"{timeout:g}"}
        content = _TEMPLATES.render(SLOT_TEMPLATE, **values)
        rendered.append((f"{UNITS}/{names.migration_template}", content, (reload,)))
    return tuple(File(path=path, content=content, notify=notify) for path, content, notify in rendered)


def runtime_unit(
    environment: str, packages: tuple[str, ...], repositories: tuple[AptRepository, ...]
) -> Unit:
    """Unit ``runtime-{env}``: what all services of an environment need from package repositories."""
    name = f"runtime-{environment}"
    return Unit(name=name, things=(*repositories, Packages(name=name, packages=packages)))
