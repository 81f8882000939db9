"""The object storage as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_random as random

from components.credentials import PASSWORD_LENGTH
from components.object_storage.backup import ObjectBackupSpec, backup_unit
from components.object_storage.plan import (
    ObjectStorageSpec,
    access_key,
    bucket_name,
    buckets_unit,
    server_unit,
)
from components.remote import HostUnit, Target, Upload

PASSPHRASE_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class ObjectStorageArgs:
    """``target``: the host that carries it. ``uploads``: programs on this machine, each to its path on the host.

    ``bucket_key``: secret half of the backup bucket's key, or empty. ``backup_ready``: what must be there before the
    first backup. ``protect``: refuse to delete the data and the backups' passphrase.
    """

    target: Target
    spec: ObjectStorageSpec
    backup: ObjectBackupSpec
    uploads: tuple[tuple[Path, str], ...] = ()
    bucket_key: pulumi.Input[str] = ""
    protect: bool = False


class ObjectStorage(pulumi.ComponentResource):
    """An S3 server with a private bucket and a key of its own for each service, and its nightly backup.

    Owns the program, the systemd unit, the generated root key, keys and passphrase, and the backup's timers. Deleting
    it takes keys and server away; objects and their backups stay unless data deletion was asked for, and what is in
    the backup bucket stays in any case. ``ready``: for services. ``buckets``, ``keys``: by service, as ``secrets``
    (secret), what each one logs in with.
    """

    def __init__(
        self, name: str, args: ObjectStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:object_storage:ObjectStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        spec = args.spec
        uploads = [
            Upload(f"{name}-{'program' if first else 'client'}", args.target, source, path, opts=child)
            for first, (source, path) in zip((True, False), args.uploads, strict=False)
        ]
        # keys are replaced to rotate them, which protection would forbid
        root = _password(f"{name}-root-key", child)
        self.secrets: dict[str, pulumi.Output[str]] = {
            service: _password(f"{name}-{service}-key", child) for service in spec.services
        }
        server = HostUnit(
            f"{name}-server",
            args.target,
            root.apply(lambda secret: server_unit(spec, secret)),
            named=f"object-storage-{spec.environment}",
            depends_on=uploads,
            opts=guarded,
        )
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-buckets",
            args.target,
            pulumi.Output.all(**self.secrets).apply(lambda secrets: buckets_unit(spec, secrets)),
            named=f"object-buckets-{spec.environment}",
            depends_on=[server],
            opts=guarded,
        )
        self._back_up(name, args, guarded)
        self.keys = {service: access_key(spec.environment, service) for service in spec.services}
        self.buckets = {service: bucket_name(spec.environment, service) for service in spec.services}
        self.port = spec.port
        self.register_outputs({"port": self.port, "buckets": self.buckets, "keys": self.keys})

    def _back_up(self, name: str, args: ObjectStorageArgs, guarded: pulumi.ResourceOptions) -> None:
        passphrase = random.RandomPassword(
            f"{name}-passphrase", length=PASSPHRASE_LENGTH, special=False, opts=guarded
        )
        backup = args.backup
        HostUnit(
            f"{name}-backup",
            args.target,
            pulumi.Output.all(passphrase.result, pulumi.Output.secret(args.bucket_key)).apply(
                lambda secrets: backup_unit(backup, secrets[0], secrets[1])
            ),
            named=f"object-backup-{args.spec.environment}",
            depends_on=[self.ready],
            opts=guarded,
        )


def _password(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    return random.RandomPassword(name, length=PASSWORD_LENGTH, special=False, opts=opts).result
