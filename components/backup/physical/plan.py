"""Continuous archiving and backups of the whole cluster as a host unit. Pure.

Source: pgBackRest's user guide and configuration reference (https://pgbackrest.org); PostgreSQL's documentation,
"Continuous Archiving and Point-in-Time Recovery".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from components.backup.physical.bucket import Bucket
from components.backup.physical.from_prod import Source
from components.naming import CONFIG_ROOT, ServiceNames
from components.notifier.watched import Watched, on_failure
from components.templates import Templates
from components.unit import (
    Directory,
    File,
    Packages,
    PgbackrestStanza,
    Service,
    Symlink,
    Thing,
    Unit,
    Validation,
)

ARCHIVE_TIMEOUT = 40
"""Seconds after which PostgreSQL ends a WAL segment that is not full: with its upload, a loss of 60 s at most."""
HEARTBEAT = 5
"""Seconds between two heartbeats."""
ARCHIVE_LIMIT = 150
"""Seconds without an archived segment that count as a failure: two in a row, and time for a slow upload."""
BACKUP_LIMIT = 26 * 3600
"""Seconds that the newest backup may be old, where one is made every day."""
WATCH = "*:0/5"
"""How often the archive is looked at, as a systemd calendar."""
WATCH_LIMIT = 20 * 60
"""Seconds after which it must have been looked at again: a bucket that does not answer takes its time."""

LIBRARY = "/usr/local/lib/dhanman-backup"
SOURCE = Path(__file__).resolve().parents[3] / "backupctl"
CONFIGURATION = "/etc/pgbackrest/pgbackrest.conf"
SPOOL = "/var/spool/pgbackrest"
LOG = "/var/log/pgbackrest"
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """systemd calendars. ``jitter``: seconds by which each run may start later."""

    full: str
    incremental: str
    verify: str
    drill: str
    jitter: int


@dataclass(frozen=True, kw_only=True)
class PhysicalSpec:
    """The archive and the backups of an environment's cluster.

    ``services``: whose databases they are. ``directory``: the local repository. ``dumps``: the logical dumps.
    ``processes``: how many compress and send at once. ``queue_max`` (bytes): WAL that waits for longer is dropped;
    None: it waits until it is stored. ``source``: the environment whose data may be copied here, if one may.
    ``alerts``: whether the host has a notifier that tells of failures.
    """

    environment: str
    version: int
    port: int
    services: tuple[str, ...]
    directory: str
    dumps: str
    retention_days: int
    schedules: Schedules
    processes: int
    queue_max: int | None = None
    bucket: Bucket | None = None
    source: Source | None = None
    alerts: bool = False

    @property
    def cluster(self) -> str:
        """Debian's name of the cluster."""
        return f"{self.version}/main"

    @property
    def base(self) -> str:
        """Name of the units."""
        return f"dhanman-pgbackrest-{self.environment}"

    @property
    def data(self) -> str:
        """Debian's data directory of the cluster."""
        return f"/var/lib/postgresql/{self.cluster}"

    @property
    def state(self) -> str:
        """Where status and metrics are."""
        return f"/var/lib/dhanman-backup-{self.environment}"

    @property
    def first_backup(self) -> str:
        """The unit that makes a full backup."""
        return f"{self.base}@full.service"

    @property
    def drill_unit(self) -> str:
        """The unit that tries a restore."""
        return f"{self.base}@drill.service"

    @property
    def drill_report(self) -> str:
        """Where it writes what it found."""
        return f"{self.state}/drill.json"

    @property
    def postgres_unit(self) -> str:
        """The systemd unit of the cluster."""
        return f"postgresql@{self.version}-main.service"


def physical_unit(
    spec: PhysicalSpec, passphrase: str, key: str, source_secrets: tuple[str, str] = ("", "")
) -> Unit:
    """Unit ``physical-backup-{env}``. ``passphrase``: of the backups; ``key``: of the bucket, or empty.

    ``source_secrets``: passphrase and key of the environment that data is copied from.
    """
    environment = spec.environment
    configuration = f"{CONFIG_ROOT}/{environment}/backupctl.json"
    works = {
        "full": spec.schedules.full,
        "incremental": spec.schedules.incremental,
        "verify": spec.schedules.verify,
        "drill": spec.schedules.drill,
        "watch": WATCH,
    }
    timers = {f"{spec.base}@{work}.timer": (work, schedule) for work, schedule in works.items()}
    heartbeat = f"dhanman-heartbeat-{environment}.service"
    heartbeat_script = f"{CONFIG_ROOT}/{environment}/heartbeat.sql"
    told = on_failure(environment) if spec.alerts else None
    service_file = f"/etc/systemd/system/{spec.base}@.service"
    things: list[Thing] = [
        Packages(name=f"physical-backup-{environment}", packages=("pgbackrest", "python3")),
        Directory(
            path=spec.directory, mode="0750", data=True, recursive=True, owner="postgres", group="postgres"
        ),
        File(
            path=CONFIGURATION,
            content=_pgbackrest(spec, passphrase, key),
            mode="0400",
            secret=True,
            owner="postgres",
            group="postgres",
        ),
        *(
            [spec.source.file(*source_secrets, data=f"{spec.data}-of-nobody", processes=spec.processes)]
            if spec.source
            else []
        ),
        *_program(spec, configuration),
        File(
            path=f"/etc/postgresql/{spec.cluster}/conf.d/dhanman-archive.conf",
            content=_TEMPLATES.render("etc/postgresql/conf.d/dhanman-archive.conf", stanza=environment),
            notify=(f"postgres-reload {spec.cluster}",),
            owner="postgres",
            group="postgres",
        ),
        File(
            path=heartbeat_script,
            content=_TEMPLATES.render("etc/dhanman/heartbeat.sql", seconds=HEARTBEAT),
            notify=(f"restart {heartbeat}",),
        ),
        File(
            path=f"/etc/systemd/system/{heartbeat}",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-heartbeat.service",
                environment=environment,
                seconds=HEARTBEAT,
                port=spec.port,
                postgres_unit=spec.postgres_unit,
                on_failure=told,
            ),
            notify=("daemon-reload", f"restart {heartbeat}"),
        ),
        Symlink(
            path=f"/etc/systemd/system/{spec.postgres_unit}.wants/{heartbeat}",
            target=f"/etc/systemd/system/{heartbeat}",
            notify=("daemon-reload",),
        ),
        File(
            path=service_file,
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-pgbackrest@.service",
                environment=environment,
                postgres_unit=spec.postgres_unit,
                writable=(spec.directory, SPOOL, LOG, f"/var/lib/postgresql/{spec.version}"),
                on_failure=told,
            ),
            notify=("daemon-reload",),
        ),
    ]
    for unit, (work, schedule) in timers.items():
        content = _TEMPLATES.render(
            "etc/systemd/system/dhanman-pgbackrest.timer",
            environment=environment,
            work=work,
            schedule=schedule,
            jitter=0 if work == "watch" else spec.schedules.jitter,
        )
        notify = ("daemon-reload", f"restart {unit}")
        things.append(File(path=f"/etc/systemd/system/{unit}", content=content, notify=notify))
    things += [watched.file(environment) for watched in _watched(spec, heartbeat) if spec.alerts]
    things += [Service(unit=heartbeat), *(Service(unit=unit) for unit in timers)]
    things.append(
        PgbackrestStanza(
            name=environment,
            repositories=tuple(place for _, place in _places(spec)),
            port=spec.port,
            first_backup=spec.first_backup,
        )
    )
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no")
    units = (service_file, *(f"/etc/systemd/system/{unit}" for unit in (heartbeat, *timers)))
    return Unit(
        name=f"physical-backup-{environment}",
        things=tuple(things),
        validations=(
            Validation(argv=(*verify, *units)),
            *(Validation(argv=("systemd-analyze", "calendar", schedule)) for schedule in works.values()),
        ),
        redact=tuple(secret for secret in (passphrase, key, *source_secrets) if secret),
    )


def _watched(spec: PhysicalSpec, heartbeat: str) -> list[Watched]:
    """What the operator is told of: the archive with its backups, and the drill."""
    works = [f"{spec.base}@{work}" for work in ("watch", "full", "incremental", "verify")]
    return [
        Watched(
            name="physical",
            title="archive and backups of the database server",
            next_step=f"docs/operations.md, Any second of the last 30 days; journalctl -u '{spec.base}@*' -n 50",
            units=(*(f"{work}.service" for work in works), heartbeat),
            timers=tuple(f"{work}.timer" for work in works),
            report=f"{spec.state}/physical.json",
            max_age=WATCH_LIMIT,
        ),
        Watched(
            name="drill",
            title="restore drill",
            next_step=f"docs/operations.md, The restore drill; make drill STACK={spec.environment}",
            units=(spec.drill_unit,),
            timers=(spec.drill_unit.replace(".service", ".timer"),),
            report=spec.drill_report,
            schedule=spec.schedules.drill,
        ),
    ]


def _pgbackrest(spec: PhysicalSpec, passphrase: str, key: str) -> str:
    return _TEMPLATES.render(
        CONFIGURATION,
        stanza=spec.environment,
        directory=spec.directory,
        passphrase=passphrase,
        retention_days=spec.retention_days,
        bucket=spec.bucket,
        key=key,
        queue_max=spec.queue_max,
        processes=spec.processes,
        data=spec.data,
        port=spec.port,
    )


def _places(spec: PhysicalSpec) -> list[tuple[bool, str]]:
    """The repositories in the order of their numbers: whether it is a bucket, and where it is."""
    return [(False, spec.directory), *([(True, spec.bucket.place)] if spec.bucket else [])]


def _program(spec: PhysicalSpec, configuration: str) -> list[Thing]:
    """``backupctl`` with its configuration and its command."""
    names = [ServiceNames(spec.environment, service) for service in spec.services]
    content = {
        "environment": spec.environment,
        "stanza": spec.environment,
        "cluster": spec.cluster,
        "port": spec.port,
        "data": spec.data,
        "programs": f"/usr/lib/postgresql/{spec.version}/bin",
        "state": spec.state,
        "dumps": spec.dumps,
        "archive_limit": ARCHIVE_LIMIT,
        "backup_limit": BACKUP_LIMIT,
        "repositories": [
            {"key": key, "bucket": bucket, "place": place}
            for key, (bucket, place) in enumerate(_places(spec), start=1)
        ],
        "databases": {name.database: {"unit": name.unit, "socket": name.current_socket} for name in names},
        "first_backup": spec.first_backup,
        "source": spec.source.described() if spec.source else None,
    }
    return [
        *(
            File(path=f"{LIBRARY}/backupctl/{path.name}", content=path.read_text(encoding="utf-8"))
            for path in sorted(SOURCE.glob("*.py"))
        ),
        File(path=configuration, content=json.dumps(content, indent=2) + "\n"),
        _command("dhanman-backup", "backup", configuration),
        _command("dhanman-restore", "restore", configuration),
        _command("dhanman-upgrade", "upgrade", configuration),
    ]


def _command(name: str, entry: str, configuration: str) -> File:
    content = _TEMPLATES.render(
        "usr/local/sbin/dhanman-backup", name=name, entry=entry, library=LIBRARY, configuration=configuration
    )
    return File(path=f"/usr/local/sbin/{name}", content=content, mode="0755")
