"""The nightly backup of what a host is configured by, as a host unit. Pure.

Kept are the whole of ``/etc`` and what a rebuild by hand would miss besides: what this program remembers of the host
(files that it replaced are there alone), crontabs, keys that let people in, the list of installed packages; where the
broker runs, its definitions as well. Source: RabbitMQ's documentation, "Definition Export and Import"; GnuPG's manual.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from components.backup.plan import Remote, bucket_files
from components.naming import CONFIG_ROOT, STATE_ROOT, UPLOADS
from components.notifier.watched import Watched, on_failure
from components.templates import Templates
from components.unit import Directory, File, Packages, Service, Thing, Unit, Validation

PATHS = (
    "/etc",
    STATE_ROOT,
    "/var/spool/cron",
    "/root/.ssh/authorized_keys",
    "/home/*/.ssh/authorized_keys",
)
EXCLUDED = (UPLOADS,)
LIBRARY = "/usr/local/lib/dhanman-host-backup"
COMMAND = "/usr/local/sbin/dhanman-host-backup"
SOURCE = Path(__file__).resolve().parents[3] / "backupctl"
MODULES = ("__init__", "config", "dumps", "errors", "host", "host_backup", "host_config", "host_restore",
           "sealed", "status", "tools")  # fmt: skip
"""What of ``backupctl`` the command needs."""

_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class HostBackupSpec:
    """The configuration of one host.

    ``host``: its name in the settings. ``directory``, ``schedule``, ``retention_days``, ``remote``: as for the dumps.
    ``beside_dumps``: whether the dumps are on this host too, so that folder and bucket are there already.
    ``rabbitmq``: whether the broker is. ``alerts``: whether the host has a notifier.
    """

    environment: str
    host: str
    directory: str
    schedule: str
    retention_days: int
    beside_dumps: bool
    rabbitmq: bool
    remote: Remote | None = None
    alerts: bool = False

    @property
    def base(self) -> str:
        """Name of the units."""
        return f"dhanman-host-backup-{self.environment}"

    @property
    def state(self) -> str:
        """Where status, metrics and what restores have put aside are."""
        return f"/var/lib/{self.base}"


def host_backup_unit(spec: HostBackupSpec, passphrase: str, key: str) -> Unit:
    """Unit ``host-backup-{env}``. ``passphrase``: of the archives; ``key``: secret half of the bucket's, or empty."""
    environment = spec.environment
    folder = f"{CONFIG_ROOT}/{environment}"
    configuration, sealed = f"{folder}/host-backup.json", f"{folder}/host-backup.key"
    service, timer = (f"/etc/systemd/system/{spec.base}.{kind}" for kind in ("service", "timer"))
    content = {
        "environment": environment,
        "host": spec.host,
        "directory": spec.directory,
        "state": spec.state,
        "retention_days": spec.retention_days,
        "paths": PATHS,
        "exclude": EXCLUDED,
        "rabbitmq": spec.rabbitmq,
        "passphrase": sealed,
        "bucket": f"{folder}/bucket.json" if spec.remote else None,
    }
    writable = [spec.directory]
    if spec.remote and spec.remote.kind == "folder":
        writable.append(spec.remote.path)
    things: list[Thing] = [
        Packages(name=f"host-backup-{environment}", packages=("gnupg", "python3", "tar")),
        *([] if spec.beside_dumps else _of_its_own(spec, key)),
        *(
            File(path=f"{LIBRARY}/backupctl/{name}.py", content=(SOURCE / f"{name}.py").read_text("utf-8"))
            for name in MODULES
        ),
        File(path=configuration, content=json.dumps(content, indent=2) + "\n"),
        File(path=sealed, content=f"{passphrase}\n", mode="0400", secret=True),
        File(
            path=COMMAND,
            content=_TEMPLATES.render(COMMAND, library=LIBRARY, configuration=configuration),
            mode="0755",
        ),
        File(
            path=service,
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-host-backup.service",
                environment=environment,
                base=spec.base,
                writable=writable,
                on_failure=on_failure(environment) if spec.alerts else None,
            ),
            notify=("daemon-reload",),
        ),
        File(
            path=timer,
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-host-backup.timer",
                environment=environment,
                schedule=spec.schedule,
            ),
            notify=("daemon-reload", f"restart {spec.base}.timer"),
        ),
    ]
    if spec.alerts:
        things.append(_watched(spec).file(environment))
    return Unit(
        name=f"host-backup-{environment}",
        things=(*things, Service(unit=f"{spec.base}.timer")),
        validations=(
            Validation(
                argv=("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", service, timer)
            ),
        ),
        redact=tuple(secret for secret in (passphrase, key) if secret),
    )


def _of_its_own(spec: HostBackupSpec, key: str) -> list[Thing]:
    """What the dumps bring on their host: the folder, and the way to the bucket."""
    things: list[Thing] = [Directory(path=spec.directory, mode="0700", data=True, recursive=True)]
    if spec.remote:
        things.append(Packages(name=f"host-bucket-{spec.environment}", packages=spec.remote.packages))
        things += bucket_files(spec.remote, spec.environment, key, owner="root")
    return things


def _watched(spec: HostBackupSpec) -> Watched:
    return Watched(
        name="host-backup",
        title="nightly backup of the host's configuration",
        next_step=f"journalctl -u {spec.base} -n 50; correct the cause; systemctl start {spec.base}",
        units=(f"{spec.base}.service",),
        timers=(f"{spec.base}.timer",),
        report=f"{spec.state}/host.json",
        schedule=spec.schedule,
    )
