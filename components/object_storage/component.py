"""The object storage as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_random as random

from components.credentials import PASSWORD_LENGTH
from components.foreseen import foreseen
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

    ``protect``: refuse to delete the data.
    """

    target: Target
    spec: ObjectStorageSpec
    uploads: tuple[tuple[Path, str], ...] = ()
    protect: bool = False


class ObjectStorage(pulumi.ComponentResource):
    """An S3 server with a private bucket and a key of its own for each service.

    Owns the program, the systemd unit, the generated root key and the services' keys. Deleting it takes server and
    keys away; objects stay unless data deletion was asked for. ``ready``: for services. ``buckets``, ``keys`` and
    ``secrets`` (secret), by service: what each one logs in with.
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
        self.keys = {service: access_key(spec.environment, service) for service in spec.services}
        self.buckets = {service: bucket_name(spec.environment, service) for service in spec.services}
        self.port = spec.port
        self.register_outputs({"port": self.port, "buckets": self.buckets, "keys": self.keys})


@dataclass(frozen=True, kw_only=True)
class ObjectBackupArgs:
    """``target``: the object storage's host, ready once its buckets are, and the bucket that they are backed up to.

    ``key_id``, ``key``: of that bucket, or empty. ``protect``: refuse to delete local backups and the passphrase.
    """

    target: Target
    spec: ObjectBackupSpec
    key_id: pulumi.Input[str] = ""
    key: pulumi.Input[str] = ""
    protect: bool = False


class ObjectBackup(pulumi.ComponentResource):
    """The nightly backup of the objects, encrypted on the host, and the command that restores them.

    Owns the timers, the command and the generated passphrase, without which nothing can be read. Deleting it keeps
    local backups unless data deletion was asked for; what is in a bucket stays in any case.
    """

    def __init__(self, name: str, args: ObjectBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:object_storage:ObjectBackup", name, None, opts)
        guarded = pulumi.ResourceOptions(parent=self, protect=args.protect)
        spec = args.spec
        passphrase = random.RandomPassword(
            f"{name}-passphrase", length=PASSPHRASE_LENGTH, special=False, opts=guarded
        )
        secrets = pulumi.Output.all(foreseen(passphrase.result), args.key_id, pulumi.Output.secret(args.key))
        HostUnit(
            f"{name}-timers",
            args.target,
            secrets.apply(lambda made: backup_unit(spec.with_key(made[1]), made[0], made[2])),
            named=f"object-backup-{spec.storage.environment}",
            opts=guarded,
        )
        self.register_outputs({"schedule": spec.schedule})


def _password(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    return foreseen(random.RandomPassword(name, length=PASSWORD_LENGTH, special=False, opts=opts).result)
