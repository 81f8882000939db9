"""The PostgreSQL server, its roles and its databases as host units. Pure.

Source: the deployment document, sections "PostgreSQL Setup", "Database Per Service" and "Firewall Rules".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.sizing import PostgresSizing, postgres_size
from components.templates import Templates
from components.turn import SLOTS, Turn
from components.unit import (
    Absent,
    AptRepository,
    CommandCheck,
    File,
    Packages,
    PostgresCluster,
    PostgresDatabase,
    PostgresRetiredRole,
    PostgresRole,
    PostgresSettings,
    PostgresVersion,
    Service,
    Thing,
    Unit,
    Validation,
)

OWNER = "dhanman_user"
"""Owns every database and does not log in."""

LOGINS = {slot: f"{OWNER}_{slot}" for slot in SLOTS}
"""What services log in as: ``dhanman_user_a`` and ``dhanman_user_b`` take turns."""

LOG_DAYS = 30
CHECKSUMS_BY_DEFAULT = 18
"""The first version whose clusters have data checksums without being asked (its release notes)."""

_SIZES = (
    "shared_buffers",
    "effective_cache_size",
    "maintenance_work_mem",
    "work_mem",
    "max_wal_size",
    "min_wal_size",
)
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class PostgresSpec:
    """The server of an environment.

    ``sizing``: memory settings in bytes. ``private_ranges``: CIDRs that may log in over the network.
    ``repository``: where packages come from if the distribution has another version. ``archive_timeout`` (seconds):
    WAL is archived, and a segment ends after so long; None: nothing is archived. ``extra``: further lines of
    ``postgresql.conf``, as they are written there. ``alongside``: another version whose programs are there as well, to
    upgrade to or to go back to; its cluster, if there is one, is left alone.
    """

    version: int
    port: int
    max_connections: int
    sizing: PostgresSizing
    private_ranges: tuple[str, ...]
    repository: AptRepository | None = None
    archive_timeout: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    alongside: int | None = None

    @property
    def cluster(self) -> str:
        """Debian's name of the cluster, ``18/main``."""
        return f"{self.version}/main"

    @property
    def configuration(self) -> str:
        """Debian's configuration directory of the cluster."""
        return f"/etc/postgresql/{self.cluster}"

    @property
    def data(self) -> str:
        """Debian's data directory of the cluster."""
        return f"/var/lib/postgresql/{self.cluster}"

    @property
    def has_checksums_by_default(self) -> bool:
        """Whether ``initdb`` of this version makes data checksums unasked."""
        return self.version >= CHECKSUMS_BY_DEFAULT

    @property
    def unit(self) -> str:
        """The unit whose state is the cluster's own; ``postgresql.service`` says active whatever happens."""
        return f"postgresql@{self.version}-main.service"


def needs_defaults(spec: PostgresSpec) -> bool:
    """Whether Debian's own defaults make another cluster than is wanted."""
    return not spec.has_checksums_by_default or spec.alongside is not None


def defaults_unit(spec: PostgresSpec) -> Unit:
    """Unit ``postgres-defaults``: what Debian's tools make a cluster of an older version with, and that the package of
    another version makes none.

    A unit of its own, since the package makes the cluster while it is installed (postgresql-common,
    ``pg_createcluster(1)``). It changes no cluster that is there.
    """
    content = "# Managed by the dhanman deployment.\n"
    content += "" if spec.has_checksums_by_default else "initdb_options = '--data-checksums'\n"
    content += "" if spec.alongside is None else "create_main_cluster = false\n"
    return Unit(
        name="postgres-defaults",
        things=(File(path="/etc/postgresql-common/createcluster.d/dhanman.conf", content=content),),
    )


def server_unit(spec: PostgresSpec) -> Unit:
    """Unit ``postgres``: package, tuning, access rules, running server, and what it must report."""
    versions = [spec.version, *([spec.alongside] if spec.alongside else [])]
    packages = tuple(
        f"{part}-{version}" for version in versions for part in ("postgresql", "postgresql-client")
    )
    notify = (f"postgres-reload {spec.cluster}",)
    hba_file = f"{spec.configuration}/dhanman_hba.conf"
    sizes = {name: postgres_size(getattr(spec.sizing, name)) for name in _SIZES}
    tuning = _TEMPLATES.render(
        "etc/postgresql/conf.d/dhanman.conf",
        port=spec.port,
        hba_file=hba_file,
        max_connections=spec.max_connections,
        sizes=sizes,
        autovacuum_max_workers=spec.sizing.autovacuum_max_workers,
        max_worker_processes=spec.sizing.max_worker_processes,
        max_parallel_workers=spec.sizing.max_parallel_workers,
        max_parallel_workers_per_gather=spec.sizing.max_parallel_workers_per_gather,
        archive_timeout=spec.archive_timeout,
        extra=spec.extra,
    )
    hba = _TEMPLATES.render("etc/postgresql/dhanman_hba.conf", private_ranges=spec.private_ranges)
    things: tuple[Thing, ...] = (
        PostgresVersion(version=spec.version),
        *([spec.repository] if spec.repository else []),
        Packages(name="postgres", packages=packages),
        PostgresCluster(version=spec.version),
        *([PostgresCluster(version=spec.alongside, required=False)] if spec.alongside else []),
        File(path=hba_file, content=hba, mode="0640", notify=notify, owner="postgres", group="postgres"),
        File(
            path=f"{spec.configuration}/conf.d/dhanman.conf",
            content=tuning,
            notify=notify,
            owner="postgres",
            group="postgres",
        ),
        File(
            path="/etc/tmpfiles.d/dhanman-postgresql.conf",
            content=_TEMPLATES.render("etc/tmpfiles.d/dhanman-postgresql.conf", log_days=LOG_DAYS),
        ),
        File(
            path=f"/etc/systemd/system/{spec.unit}.d/dhanman.conf",
            content=_TEMPLATES.render("etc/systemd/system/postgresql@.service.d/dhanman.conf"),
            notify=("daemon-reload", f"restart {spec.unit}"),
        ),
        # its copytruncate loses lines of the server's own logs, which need no other rotation
        Absent(path="/etc/logrotate.d/postgresql-common", of_package="postgresql-common"),
        Service(unit="postgresql.service", running=None),
        Service(unit=spec.unit, enabled=None),
        PostgresSettings(
            name="postgres",
            port=spec.port,
            settings={
                # an older cluster that was there before us may have none
                **({"data_checksums": "on"} if spec.has_checksums_by_default else {}),
                "password_encryption": "scram-sha-256",
                "max_connections": str(spec.max_connections),
                "shared_buffers": sizes["shared_buffers"],
                "hba_file": hba_file,
                **({"archive_mode": "on"} if spec.archive_timeout else {}),
            },
        ),
    )
    program = f"/usr/lib/postgresql/{spec.version}/bin/postgres"
    read = (
        "-D",
        spec.data,
        "-c",
        f"config_file={spec.configuration}/postgresql.conf",
        "-C",
        "shared_buffers",
    )
    check = (
        "runuser",
        "-u",
        "postgres",
        "--",
        "psql",
        "-XAtc",
        "SELECT 1",
        "-p",
        str(spec.port),
        "-d",
        "postgres",
    )
    return Unit(
        name="postgres",
        things=things,
        validations=(Validation(argv=("runuser", "-u", "postgres", "--", program, *read)),),
        checks=(CommandCheck(argv=check, title="PostgreSQL answers", timeout=30),),
    )


def roles_unit(port: int, password: str, turn: Turn) -> Unit:
    """Unit ``postgres-roles``: the owner of the databases and the roles that log in, of which one has its turn.

    The other one is left as it is: services may still log in as it. It stays in this unit, so that none of the two
    ever changes hands between units.
    """
    return Unit(
        name="postgres-roles",
        things=(
            PostgresRole(name=OWNER, port=port),
            *(
                PostgresRole(
                    name=LOGINS[slot],
                    login=True if slot == turn.slot else None,
                    password=password if slot == turn.slot else None,
                    member_of=OWNER,
                    port=port,
                )
                for slot in turn.slots
            ),
        ),
        redact=(password,),
    )


def retired_unit(port: int, role: str, password: str) -> Unit:
    """Unit ``postgres-retired``: the role whose turn is over lets nobody in. ``password``: its last one."""
    return Unit(
        name="postgres-retired",
        things=(PostgresRetiredRole(name=role, port=port, password=password),),
        redact=(password,),
    )


def database_unit(name: str, port: int) -> Unit:
    """Unit ``database-{name}``: one service's database."""
    return Unit(name=f"database-{name}", things=(PostgresDatabase(name=name, owner=OWNER, port=port),))
