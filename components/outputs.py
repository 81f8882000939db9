"""What CI and people read of a stack: ``pulumi stack output --json``. Pure; ``docs/outputs.md`` describes the shape.

Everything follows from the settings, so it is known in a preview, and none of it is secret.
"""

from __future__ import annotations

from typing import Any

from components import specs
from components.naming import ServiceNames
from components.settings import Settings

VERSION = 1
"""Grows when a key is renamed or removed; new keys may come without it."""


def of(settings: Settings) -> dict[str, Any]:
    """The outputs of a stack, by name."""
    return {
        "outputsVersion": VERSION,
        "environment": settings.environment,
        "services": {name: _service(settings, name) for name in settings.services},
        "frontend": {
            "url": f"https://{settings.frontend.domain}",
            "version": settings.frontend.version,
            "host": settings.host_of("gateway")[0],
        },
        "hosts": {
            name: {
                "address": host.address,
                "port": host.port,
                "user": host.user,
                "hostKey": host.host_key,
                "roles": [role for role, names in settings.roles.items() if name in names],
            }
            for name, host in settings.hosts.items()
        },
        "databases": {name: ServiceNames(settings.environment, name).database for name in settings.services},
        "rotation": _rotation(settings),
        "zoneFile": specs.dns_zone_file(settings, settings.dns) if settings.dns else "",
        "placeholders": [str(placeholder) for placeholder in settings.placeholders],
    }


def _rotation(settings: Settings) -> dict[str, int]:
    numbers: dict[str, int] = settings.rotation.model_dump()
    return {name: n for name, n in numbers.items() if name != "wireguard" or settings.network.wireguard}


def _service(settings: Settings, name: str) -> dict[str, Any]:
    service = settings.services[name]
    return {
        "url": f"https://{service.domain}",
        "healthUrl": f"https://{service.domain}/health",
        "port": service.port,
        "version": service.version,
        "unit": ServiceNames(settings.environment, name).unit,
        "host": settings.host_of("services")[0],
    }
