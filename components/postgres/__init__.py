"""PostgreSQL: the server of an environment and a database for each service."""

from components.postgres.component import (
    Database,
    DatabaseArgs,
    PostgresServer,
    PostgresServerArgs,
    RetiredRole,
    RetiredRoleArgs,
)
from components.postgres.plan import (
    LOGINS,
    OWNER,
    PostgresSpec,
    database_unit,
    defaults_unit,
    retired_unit,
    roles_unit,
    server_unit,
)
from components.sizing import PostgresSizing

__all__ = [
    "LOGINS",
    "OWNER",
    "Database",
    "DatabaseArgs",
    "PostgresServer",
    "PostgresServerArgs",
    "PostgresSizing",
    "PostgresSpec",
    "RetiredRole",
    "RetiredRoleArgs",
    "database_unit",
    "defaults_unit",
    "retired_unit",
    "roles_unit",
    "server_unit",
]
