"""The backup of the objects as a host unit: restic, encrypted before anything leaves the host. Pure.

Source: restic's manual ("Preparing a new repository", "Removing backup snapshots"); the deployment document, section
"Database Backups", for the nightly run and how long copies stay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from components.naming import CONFIG_ROOT, UNITS
from components.notifier.watched import Watched, on_failure
from components.object_storage.plan import ObjectStorageSpec
from components.templates import Templates
from components.unit import Directory, File, Packages, Service, Thing, Unit, Validation

LIBRARY = "/usr/local/lib/dhanman-objects"
COMMAND = "/usr/local/sbin/dhanman-objects"
PROJECT = Path(__file__).resolve().parents[2]
FOLDER = "object-storage"
"""Where in a bucket, below its prefix, or in a folder the repository is."""
_TITLES = {"backup": "nightly backup of the objects", "check": "check of the objects' backups"}
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where restic keeps the backups: ``directory`` on the host, or a bucket through its S3 API.

    ``endpoint``: https URL. ``path``: folder in the bucket. ``key_id``: of its key.
    """

    directory: str | None = None
    endpoint: str = ""
    bucket: str = ""
    path: str = ""
    region: str = ""
    key_id: str = ""

    @property
    def address(self) -> str:
        """As restic names it."""
        return self.directory or f"s3:{self.endpoint}/{self.bucket}/{self.path}"


@dataclass(frozen=True, kw_only=True)
class ObjectBackupSpec:
    """The backups of an environment's objects. Schedules are systemd calendars, ``jitter`` seconds.

    ``retention_days``: how long a night's objects can be had back. ``alerts``: whether the host has a notifier.
    """

    storage: ObjectStorageSpec
    repository: Repository
    retention_days: int
    schedule: str
    check_schedule: str
    jitter: int
    alerts: bool = False

    def with_key(self, key_id: str) -> ObjectBackupSpec:
        """With the id of the bucket's key, which may be known only once that is made."""
        return replace(self, repository=replace(self.repository, key_id=key_id or self.repository.key_id))

    @property
    def base(self) -> str:
        """Name of units and folders."""
        return f"dhanman-object-backup-{self.storage.environment}"

    @property
    def state(self) -> str:
        """Where status and metrics are."""
        return f"/var/lib/{self.base}"


def backup_unit(spec: ObjectBackupSpec, passphrase: str, key: str) -> Unit:
    """Unit ``object-backup-{env}``. ``passphrase``: of the backups; ``key``: of the bucket, or empty."""
    environment, directory = spec.storage.environment, spec.repository.directory
    configuration = f"{CONFIG_ROOT}/{environment}/object-backup.json"
    service_file = f"{UNITS}/{spec.base}@.service"
    works = {"backup": spec.schedule, "check": spec.check_schedule}
    timers = {f"{spec.base}@{work}.timer": (work, schedule) for work, schedule in works.items()}
    things: list[Thing] = [
        Packages(name=f"object-backup-{environment}", packages=("restic", "python3")),
        *([Directory(path=directory, mode="0700", data=True, recursive=True)] if directory else []),
        File(path=configuration, content=_configuration(spec, passphrase, key), mode="0400", secret=True),
        *_program(configuration),
        File(
            path=service_file,
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-object-backup@.service",
                environment=environment,
                base=spec.base,
                writable=directory,
                on_failure=on_failure(environment) if spec.alerts else None,
            ),
            notify=("daemon-reload",),
        ),
    ]
    for unit, (work, schedule) in timers.items():
        content = _TEMPLATES.render(
            "etc/systemd/system/dhanman-object-backup.timer",
            environment=environment,
            work=work,
            schedule=schedule,
            jitter=spec.jitter,
        )
        things.append(
            File(path=f"{UNITS}/{unit}", content=content, notify=("daemon-reload", f"restart {unit}"))
        )
    things += [Service(unit=unit) for unit in timers]
    if spec.alerts:
        things += [_watched(spec, work, schedule).file(environment) for work, schedule in works.items()]
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no")
    return Unit(
        name=f"object-backup-{environment}",
        things=tuple(things),
        validations=(
            Validation(argv=(*verify, service_file, *(f"{UNITS}/{unit}" for unit in timers))),
            *(Validation(argv=("systemd-analyze", "calendar", schedule)) for schedule in works.values()),
        ),
        redact=tuple(secret for secret in (passphrase, key) if secret),
    )


def _watched(spec: ObjectBackupSpec, work: str, schedule: str) -> Watched:
    unit = f"{spec.base}@{work}"
    return Watched(
        name=f"object-{work}",
        title=_TITLES[work],
        next_step=f"journalctl -u {unit}, correct the cause, then systemctl start {unit}",
        units=(f"{unit}.service",),
        timers=(f"{unit}.timer",),
        report=f"{spec.state}/{work}.json",
        schedule=schedule,
    )


def _configuration(spec: ObjectBackupSpec, passphrase: str, key: str) -> str:
    storage, repository = spec.storage, spec.repository
    of_bucket = {
        "AWS_ACCESS_KEY_ID": repository.key_id,
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_DEFAULT_REGION": repository.region,
    }
    content = {
        "environment": storage.environment,
        "state": spec.state,
        "cache": f"/var/cache/{spec.base}",
        "data": storage.data,
        "buckets": storage.buckets,
        "retention_days": spec.retention_days,
        "kind": storage.kind,
        "program": storage.executable,
        "port": storage.port,
        "credentials": storage.credentials,
        "backup_unit": f"{spec.base}@backup.service",
        "restic": {"RESTIC_REPOSITORY": repository.address, "RESTIC_PASSWORD": passphrase}
        | ({} if repository.directory else of_bucket),
    }
    return json.dumps(content, indent=2) + "\n"


def _program(configuration: str) -> list[Thing]:
    """``objectctl``, what it shares with ``hostctl``, and its command."""
    sources = [
        *sorted((PROJECT / "objectctl").glob("*.py")),
        PROJECT / "hostctl/__init__.py",
        PROJECT / "hostctl/s3.py",
    ]
    files = [
        File(path=f"{LIBRARY}/{source.relative_to(PROJECT)}", content=source.read_text(encoding="utf-8"))
        for source in sources
    ]
    command = _TEMPLATES.render(
        "usr/local/sbin/dhanman-objects", library=LIBRARY, configuration=configuration
    )
    return [*files, File(path=COMMAND, content=command, mode="0755")]
