"""A *host unit* as plain data: what is to be true on one host, applied there as one transaction.

This package is pure: it imports neither Pulumi nor the program on the host. Plans build a :class:`Unit` from
*things* (a file, a package, a database, ...), :mod:`components.remote` carries it to the host as JSON, and
``hostctl`` there makes it true. ``docs/architecture.md`` describes the transaction.
"""

from components.unit.certificates import AcmeCertificates, IssuedCertificates
from components.unit.checks import Check, CommandCheck, HttpCheck, TcpCheck
from components.unit.document import Unit, Validation
from components.unit.objects import ObjectBucket, ObjectKey, ObjectServer
from components.unit.releases import Canary, Deployment, Member, Release, ReleaseSet
from components.unit.things import (
    Absent,
    AptRepository,
    Directory,
    File,
    Firewall,
    Group,
    HostFacts,
    LocalCertificate,
    MountOptions,
    OlderPackage,
    Packages,
    PathPresent,
    PgbackrestStanza,
    PostgresCluster,
    PostgresDatabase,
    PostgresRetiredRole,
    PostgresRole,
    PostgresSettings,
    PostgresVersion,
    RabbitmqDefinitions,
    RabbitmqQueues,
    RabbitmqRetiredUser,
    RabbitmqUser,
    Service,
    Symlink,
    Sysctl,
    Thing,
    User,
)
from components.unit.wireguard import WireguardInterface, WireguardPeer, WireguardPeers

__all__ = [
    "Absent",
    "AcmeCertificates",
    "AptRepository",
    "Canary",
    "Check",
    "CommandCheck",
    "Deployment",
    "Directory",
    "File",
    "Firewall",
    "Group",
    "HostFacts",
    "HttpCheck",
    "IssuedCertificates",
    "LocalCertificate",
    "Member",
    "MountOptions",
    "ObjectBucket",
    "ObjectKey",
    "ObjectServer",
    "OlderPackage",
    "Packages",
    "PathPresent",
    "PgbackrestStanza",
    "PostgresCluster",
    "PostgresDatabase",
    "PostgresRetiredRole",
    "PostgresRole",
    "PostgresSettings",
    "PostgresVersion",
    "RabbitmqDefinitions",
    "RabbitmqQueues",
    "RabbitmqRetiredUser",
    "RabbitmqUser",
    "Release",
    "ReleaseSet",
    "Service",
    "Symlink",
    "Sysctl",
    "TcpCheck",
    "Thing",
    "Unit",
    "User",
    "Validation",
    "WireguardInterface",
    "WireguardPeer",
    "WireguardPeers",
]
