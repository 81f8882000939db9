"""The nightly dump of every database as a host unit. Pure.

Source: the deployment document, section "Database Backups", with one compression instead of two, a timer instead of
cron, and a check of each dump before it counts.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass

from components.naming import CONFIG_ROOT
from components.notifier.watched import Watched, on_failure
from components.templates import Templates
from components.unit import Directory, File, Packages, Service, Thing, Unit, Validation

SCRIPT = "/usr/local/bin/backup-dhanman-db.sh"
BUCKET_PROGRAM = "/usr/local/bin/dhanman-bucket"
_TEMPLATES = Templates(__file__)
_TEMPLATES.add_filter("quote", shlex.quote)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Where backups are uploaded to.

    ``kind``: ``b2``, ``s3`` or ``folder`` (``path``: a directory of the host). ``name`` and ``prefix``: bucket and
    folder in it. ``key_id``: of an access key, set once it is made; its secret half is given to the plan beside this.
    """

    kind: str
    name: str = ""
    prefix: str = "postgresql"
    path: str = ""
    key_id: str = ""
    endpoint: str = ""
    region: str = ""

    @property
    def packages(self) -> tuple[str, ...]:
        """The library that speaks the store's language."""
        return {"b2": ("python3-b2sdk",), "s3": ("python3-boto3",), "folder": ()}[self.kind]

    def configuration(self, key: str) -> str:
        """What ``dhanman-bucket`` reads."""
        return json.dumps(asdict(self) | {"key": key}, indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True, kw_only=True)
class BackupSpec:
    """The backups of an environment. ``schedule``: a systemd calendar. ``retention_days``: how long dumps stay.

    ``alerts``: whether the host has a notifier that tells of failures.
    """

    environment: str
    databases: tuple[str, ...]
    port: int
    directory: str
    schedule: str
    retention_days: int
    remote: Remote | None = None
    alerts: bool = False


def backup_unit(spec: BackupSpec, key: str) -> Unit:
    """Unit ``backup-{env}``: script, its settings, timer. ``key``: secret half of the bucket's key, or empty."""
    environment = spec.environment
    base = f"dhanman-backup-{environment}"
    folder = spec.remote.path if spec.remote and spec.remote.kind == "folder" else None
    status = f"/var/lib/{base}/status.json"
    configuration = _TEMPLATES.render(
        "etc/dhanman/backup.conf",
        databases=spec.databases,
        directory=spec.directory,
        retention_days=spec.retention_days,
        port=spec.port,
        bucket=f"{CONFIG_ROOT}/{environment}/bucket.json" if spec.remote else "",
        status=status,
    )
    things: list[Thing] = [
        Packages(
            name=f"backup-{environment}", packages=("jq", *(spec.remote.packages if spec.remote else ()))
        ),
        *(
            Directory(path=path, mode="0750", data=True, recursive=True, owner="postgres", group="postgres")
            for path in (spec.directory, folder)
            if path
        ),
        File(path=SCRIPT, content=_TEMPLATES.render("usr/local/bin/backup-dhanman-db.sh"), mode="0755"),
        File(path=f"{CONFIG_ROOT}/{environment}/backup.conf", content=configuration),
        File(
            path=f"/etc/systemd/system/{base}.service",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-backup.service",
                environment=environment,
                writable=[path for path in (spec.directory, folder) if path],
                on_failure=on_failure(environment) if spec.alerts else None,
            ),
            notify=("daemon-reload",),
        ),
        File(
            path=f"/etc/systemd/system/{base}.timer",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-backup.timer", environment=environment, schedule=spec.schedule
            ),
            notify=("daemon-reload", f"restart {base}.timer"),
        ),
        Service(unit=f"{base}.timer"),
    ]
    if spec.alerts:
        watched = Watched(
            name="dumps",
            title="nightly dumps of the databases",
            next_step=f"journalctl -u {base} -n 50; correct the cause; systemctl start {base}",
            units=(f"{base}.service",),
            timers=(f"{base}.timer",),
            report=status,
            schedule=spec.schedule,
        )
        things.insert(-1, watched.file(environment))
    if spec.remote:
        things[-1:-1] = bucket_files(spec.remote, environment, key, owner="postgres")
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no")
    units = tuple(f"/etc/systemd/system/{base}.{kind}" for kind in ("service", "timer"))
    return Unit(
        name=f"backup-{environment}",
        things=tuple(things),
        validations=(
            Validation(argv=(*verify, *units)),
            Validation(argv=("systemd-analyze", "calendar", spec.schedule)),
        ),
        redact=(key,) if key else (),
    )


def bucket_files(remote: Remote, environment: str, key: str, *, owner: str) -> list[File]:
    """The program that carries files to the bucket, and what it is told; ``owner``: who alone may read that."""
    return [
        File(path=BUCKET_PROGRAM, content=_TEMPLATES.render("usr/local/bin/dhanman-bucket"), mode="0755"),
        File(
            path=f"{CONFIG_ROOT}/{environment}/bucket.json",
            content=remote.configuration(key),
            mode="0400",
            secret=True,
            owner=owner,
            group=owner,
        ),
    ]
