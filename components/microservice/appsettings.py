"""The settings file that the environment gives a service: ``appsettings.{Environment}.json``. Pure.

Source: the deployment document, section "Connection Pooling"; Npgsql, "Connection String Parameters".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.microservice.spec import BrokerAccess, DatabaseAccess, StorageAccess

POOL_LIFETIMES = {"Connection Idle Lifetime": 300, "Connection Pruning Interval": 10}


def connection_string(database: DatabaseAccess) -> str:
    """The database in Npgsql's form. A value with a separator in it is quoted."""
    parts: dict[str, Any] = {
        "Host": database.host,
        "Port": database.port,
        "Database": database.name,
        "Username": database.user,
        "Password": database.password,
        "Maximum Pool Size": database.pool_max,
        "Minimum Pool Size": database.pool_min,
    } | POOL_LIFETIMES
    return ";".join(f"{key}={_quoted(str(value))}" for key, value in parts.items())


def _quoted(value: str) -> str:
    if any(character in value for character in ";'\"= "):
        return "'" + value.replace("'", "''") + "'"
    return value


def appsettings(
    name: str,
    database: DatabaseAccess,
    broker: BrokerAccess,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    storage: StorageAccess | None = None,
) -> str:
    """The whole file as JSON text. ``name``: what the service calls itself, unless ``settings`` say otherwise.

    ``secrets`` are by dotted key: ``Brevo.ApiKey``.
    """
    document: dict[str, Any] = _deep(settings)
    service = document.setdefault("Service", {})
    if isinstance(service, dict):
        service.setdefault("Name", name)
    _put(document, "ConnectionStrings.DefaultConnection", connection_string(database))
    _put(
        document,
        "RabbitMq",
        {
            "Host": broker.host,
            "Port": broker.port,
            "VirtualHost": broker.vhost,
            "Username": broker.user,
            "Password": broker.password,
        },
    )
    if storage:
        _put(
            document,
            "ObjectStorage",
            {
                "Endpoint": storage.endpoint,
                "Region": storage.region,
                "Bucket": storage.bucket,
                "AccessKey": storage.access_key,
                "SecretKey": storage.secret_key,
                # buckets have no names in DNS here
                "ForcePathStyle": True,
            },
        )
    for key, value in secrets.items():
        _put(document, key, value)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _deep(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _deep(v) if isinstance(v, Mapping) else v for k, v in value.items()}


def _put(document: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    place = document
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
