"""What the service needs to do its work: a login at PostgreSQL and one at RabbitMQ, tried for real."""

from __future__ import annotations

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import connection_string
from .settings import Settings

_LIMIT_SECONDS = 3
_CONNECTION_STRING = "ConnectionStrings:DefaultConnection"
_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Check:
    """The outcome of one check: what was reached, or why not, and how long it took in milliseconds."""

    healthy: bool
    detail: str
    milliseconds: float


class UnavailableError(Exception):
    """A dependency cannot be used; the text says why."""


def check_all(settings: Settings) -> dict[str, Check]:
    """Log in to every dependency and return the outcome by its name."""
    return {
        "postgres": _timed(lambda: _postgres(settings)),
        "rabbitmq": _timed(lambda: _rabbitmq(settings)),
    }


def _timed(check: Callable[[], str]) -> Check:
    begin = time.monotonic()
    try:
        detail, healthy = check(), True
    except UnavailableError as error:
        detail, healthy = str(error), False
    return Check(healthy=healthy, detail=detail, milliseconds=round((time.monotonic() - begin) * 1000, 1))


@contextlib.contextmanager
def postgres(settings: Settings) -> Iterator[Any]:
    """A connection to the service's database. Raises UnavailableError, whose text never holds the password."""
    text = settings.text(_CONNECTION_STRING)
    if not text:
        raise UnavailableError(f"{_CONNECTION_STRING} is not set")
    try:
        arguments = connection_string.libpq_arguments(connection_string.parse(text))
    except ValueError as error:
        raise UnavailableError(f"{_CONNECTION_STRING}: {error}") from None
    driver = _import("psycopg", "psycopg2", package="python3-psycopg")
    try:
        connection = driver.connect(
            **arguments,
            connect_timeout=_LIMIT_SECONDS,
            options=f"-c statement_timeout={_LIMIT_SECONDS * 1000}",
            application_name=settings.text("Service:Name"),
        )
        try:
            yield connection
        finally:
            connection.close()
    except driver.Error as error:
        raise UnavailableError(_reason(error, arguments.get("password", ""))) from None


def _postgres(settings: Settings) -> str:
    with postgres(settings) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_database(), current_user")
        database, user = cursor.fetchone()
    return f"logged in to database {database} as {user}"


def _rabbitmq(settings: Settings) -> str:
    host = settings.text("RabbitMq:Host")
    if not host:
        raise UnavailableError("RabbitMq:Host is not set")
    virtual_host = settings.text("RabbitMq:VirtualHost", "/")
    user, password = settings.text("RabbitMq:Username", "guest"), settings.text("RabbitMq:Password", "guest")
    port = settings.text("RabbitMq:Port", "5672")
    if not port.isdigit():
        raise UnavailableError("RabbitMq:Port must be a number")
    pika: Any = _import("pika", package="python3-pika")
    # It logs each failure by itself, with a traceback; the reason below is what people need.
    logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
    try:
        connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                host=host,
                port=int(port),
                virtual_host=virtual_host,
                credentials=pika.PlainCredentials(user, password),
                connection_attempts=1,
                socket_timeout=_LIMIT_SECONDS,
                stack_timeout=_LIMIT_SECONDS,
                blocked_connection_timeout=_LIMIT_SECONDS,
            )
        )
        try:
            connection.channel()
        finally:
            connection.close()
    except (pika.exceptions.AMQPError, OSError) as error:
        raise UnavailableError(_reason(error, password)) from None
    return f"opened a channel on virtual host {virtual_host} as {user}"


def _import(*names: str, package: str) -> Any:
    # Late, since the drivers cost more time and memory than the rest of the service together.
    module: ModuleType
    for name in names:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return module
    raise UnavailableError(f"the Debian package {package} is not installed")


def _reason(error: BaseException, secret: str) -> str:
    name, text = type(error).__name__, str(error) or repr(error)
    if secret:
        text = text.replace(secret, "***")
    line = " ".join(text.split())
    return (line if line.startswith(name) else f"{name}: {line}")[:_REASON_LENGTH]
