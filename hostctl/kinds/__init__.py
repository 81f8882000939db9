"""The kinds of things that a unit can want, by the name that the document gives them."""

from __future__ import annotations

from typing import Any

from hostctl.errors import HostError
from hostctl.kinds.absent import Absent
from hostctl.kinds.account import Group, User
from hostctl.kinds.acme_certificates import AcmeCertificates, IssuedCertificates
from hostctl.kinds.apt_repository import AptRepository
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.deployment import Deployment
from hostctl.kinds.directory import Directory
from hostctl.kinds.file import File
from hostctl.kinds.firewall import Firewall
from hostctl.kinds.host_facts import HostFacts
from hostctl.kinds.local_certificate import LocalCertificate
from hostctl.kinds.mount_options import MountOptions
from hostctl.kinds.object_storage import ObjectBucket, ObjectKey
from hostctl.kinds.packages import Packages
from hostctl.kinds.path_present import PathPresent
from hostctl.kinds.pgbackrest_stanza import PgbackrestStanza
from hostctl.kinds.postgres import PostgresDatabase, PostgresSettings
from hostctl.kinds.postgres_cluster import PostgresCluster, PostgresVersion
from hostctl.kinds.postgres_role import PostgresRole
from hostctl.kinds.rabbitmq import RabbitmqDefinitions
from hostctl.kinds.rabbitmq_queues import RabbitmqQueues
from hostctl.kinds.release import Release
from hostctl.kinds.release_set import ReleaseSet
from hostctl.kinds.retired import PostgresRetiredRole, RabbitmqRetiredUser
from hostctl.kinds.service import Service
from hostctl.kinds.symlink import Symlink
from hostctl.kinds.sysctl import Sysctl
from hostctl.kinds.wireguard import WireguardInterface, WireguardPeers

__all__ = ["KINDS", "Kind", "Phase", "State", "build", "recall"]

KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        Absent,
        AcmeCertificates,
        AptRepository,
        Deployment,
        Directory,
        File,
        Firewall,
        Group,
        HostFacts,
        IssuedCertificates,
        LocalCertificate,
        MountOptions,
        ObjectBucket,
        ObjectKey,
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
        Release,
        ReleaseSet,
        Service,
        Symlink,
        Sysctl,
        User,
        WireguardInterface,
        WireguardPeers,
    )
}


def recall(entry: dict[str, Any]) -> Kind:
    """The thing that an entry of a manifest or a journal tells of."""
    return build(entry["record"] | {"kind": entry["kind"]})


def build(wanted: dict[str, Any]) -> Kind:
    """The thing that a document or a manifest describes."""
    try:
        return KINDS[wanted["kind"]](wanted)
    except KeyError:
        raise HostError(
            f"unknown kind of thing: {wanted.get('kind')}", hint="run pulumi up again from the project"
        ) from None
