"""PostgreSQL: the server of an environment and a database for each service."""

from components.postgres.component import Database, DatabaseArgs, PostgresServer, PostgresServerArgs
from components.postgres.plan import (
    LOGIN,
    OWNER,
    PostgresSpec,
    database_unit,
    defaults_unit,
    roles_unit,
    server_unit,
)
from components.sizing import PostgresSizing

__all__ = [
    "LOGIN",
    "OWNER",
    "Database",
    "DatabaseArgs",
    "PostgresServer",
    "PostgresServerArgs",
    "PostgresSizing",
    "PostgresSpec",
    "database_unit",
    "defaults_unit",
    "roles_unit",
    "server_unit",
]
