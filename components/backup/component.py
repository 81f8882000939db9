"""The backups of an environment as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_random as random

from components.backup.bucket import BucketAccess
from components.backup.physical import PhysicalSpec, physical_unit
from components.backup.plan import BackupSpec, backup_unit
from components.foreseen import foreseen
from components.remote import HostUnit, Target

PASSPHRASE_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """``target``: the databases' host, ready once they are. ``access``: its key for the bucket, if there is one.

    ``physical``: the archive and the backups of the whole cluster, if they are wanted. ``source_secrets``: passphrase
    and key of the backups of another environment that data is copied from. ``protect``: refuse to delete the
    passphrase, without which they can't be read.
    """

    target: Target
    spec: BackupSpec
    access: BucketAccess | None = None
    physical: PhysicalSpec | None = None
    source_secrets: tuple[str, str] = ("", "")
    protect: bool = False


class Backup(pulumi.ComponentResource):
    """The backups of an environment: every night a dump of each database, and the whole cluster at any time.

    Owns the document's script, its settings and its timer; the archive of the WAL, the backups that it continues,
    their generated passphrase, and the programs that watch and restore them. Deleting it keeps the backups unless data
    deletion was asked for; what is in a bucket stays in any case.
    """

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:backup:Backup", name, None, opts)
        spec = args.spec
        access = args.access or BucketAccess(key_id="", key="")
        unit = pulumi.Output.all(access.key_id, pulumi.Output.secret(access.key)).apply(
            lambda keys: backup_unit(_with_key(spec, keys[0]), keys[1])
        )
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-timer",
            args.target,
            unit,
            named=f"backup-{spec.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.physical:
            self._archive(name, args, args.physical, access)
        self.register_outputs({"directory": spec.directory, "schedule": spec.schedule})

    def _archive(self, name: str, args: BackupArgs, spec: PhysicalSpec, access: BucketAccess) -> None:
        passphrase = random.RandomPassword(
            f"{name}-passphrase",
            length=PASSPHRASE_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        unit = pulumi.Output.all(
            foreseen(passphrase.result),
            access.key_id,
            pulumi.Output.secret(access.key),
            pulumi.Output.secret(args.source_secrets),
        ).apply(
            lambda secrets: physical_unit(
                _archive_with_key(spec, secrets[1]), secrets[0], secrets[2], tuple(secrets[3])
            )
        )
        HostUnit(
            f"{name}-physical",
            args.target,
            unit,
            named=f"physical-backup-{spec.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )


def _with_key(spec: BackupSpec, key_id: str) -> BackupSpec:
    return replace(spec, remote=replace(spec.remote, key_id=key_id)) if spec.remote and key_id else spec


def _archive_with_key(spec: PhysicalSpec, key_id: str) -> PhysicalSpec:
    return replace(spec, bucket=replace(spec.bucket, key_id=key_id)) if spec.bucket else spec
