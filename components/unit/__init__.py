"""A *host unit* as plain data: what is to be true on one host, applied there as one transaction.

This package is pure: it imports neither Pulumi nor the program on the host. Plans build a :class:`Unit` from
*things* (a file, a package, a database, ...), :mod:`components.remote` carries it to the host as JSON, and
``hostctl`` there makes it true. ``docs/architecture.md`` describes the transaction.
"""

from components.unit.checks import Check, CommandCheck, HttpCheck, TcpCheck
from components.unit.document import Unit, Validation
from components.unit.things import (
    Absent,
    AptRepository,
    Deployment,
    Directory,
    File,
    Firewall,
    Group,
    HostFacts,
    LocalCertificate,
    OlderPackage,
    Packages,
    PathPresent,
    PgbackrestStanza,
    PostgresCluster,
    PostgresDatabase,
    PostgresRetiredRole,
    PostgresRole,
    PostgresSettings,
    RabbitmqDefinitions,
    RabbitmqRetiredUser,
    RabbitmqUser,
    Release,
    Service,
    Symlink,
    Sysctl,
    Thing,
    User,
)

__all__ = [
    "Absent",
    "AptRepository",
    "Check",
    "CommandCheck",
    "Deployment",
    "Directory",
    "File",
    "Firewall",
    "Group",
    "HostFacts",
    "HttpCheck",
    "LocalCertificate",
    "OlderPackage",
    "Packages",
    "PathPresent",
    "PgbackrestStanza",
    "PostgresCluster",
    "PostgresDatabase",
    "PostgresRetiredRole",
    "PostgresRole",
    "PostgresSettings",
    "RabbitmqDefinitions",
    "RabbitmqRetiredUser",
    "RabbitmqUser",
    "Release",
    "Service",
    "Symlink",
    "Sysctl",
    "TcpCheck",
    "Thing",
    "Unit",
    "User",
    "Validation",
]
