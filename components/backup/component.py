"""Backups as Pulumi components: the bucket that they go to, and the nightly run."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.backup.physical import PhysicalSpec, physical_unit
from components.backup.plan import BackupSpec, backup_unit
from components.remote import HostUnit, LocalScript, Target


@dataclass(frozen=True, kw_only=True)
class BackupBucketArgs:
    """``kind``: ``b2`` is created at Backblaze; any other kind must exist. ``key``: secret half of the key."""

    kind: str
    name: str
    key_id: str
    key: pulumi.Input[str]
    hidden_days: int
    protect: bool


class BackupBucket(pulumi.ComponentResource):
    """The bucket that backups are uploaded to.

    Owns, at Backblaze B2, the bucket with its lifecycle rule; a bucket that exists is taken over and corrected.
    Deleting it leaves the bucket and everything in it: backups outlive the environment.
    """

    def __init__(self, name: str, args: BackupBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:backup:BackupBucket", name, None, opts)
        self.name = args.name
        self.ready: list[pulumi.Resource] = []
        if args.kind == "b2":
            wanted = pulumi.Output.secret(args.key).apply(
                lambda key: json.dumps(
                    {"name": args.name, "key_id": args.key_id, "key": key, "hidden_days": args.hidden_days}
                )
            )
            script = LocalScript(
                f"{name}-b2",
                ["-m", "components.backup.bucket"],
                wanted,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            self.ready = [script]
        self.register_outputs({"name": self.name})


PASSPHRASE_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """``target``: the databases' host, ready once they are. ``key``: secret half of the bucket's key.

    ``physical``: the archive and the backups of the whole cluster, if they are wanted. ``source_secrets``: passphrase
    and key of the backups of another environment that data is copied from. ``protect``: refuse to delete the
    passphrase, without which they can't be read.
    """

    target: Target
    spec: BackupSpec
    key: pulumi.Input[str]
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
        unit = pulumi.Output.secret(args.key).apply(lambda key: backup_unit(spec, key))
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-timer",
            args.target,
            unit,
            named=f"backup-{spec.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.physical:
            self._archive(name, args, args.physical)
        self.register_outputs({"directory": spec.directory, "schedule": spec.schedule})

    def _archive(self, name: str, args: BackupArgs, spec: PhysicalSpec) -> None:
        passphrase = random.RandomPassword(
            f"{name}-passphrase",
            length=PASSPHRASE_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        unit = pulumi.Output.all(
            passphrase.result, args.key, pulumi.Output.secret(args.source_secrets)
        ).apply(lambda secrets: physical_unit(spec, secrets[0], secrets[1], tuple(secrets[2])))
        HostUnit(
            f"{name}-physical",
            args.target,
            unit,
            named=f"physical-backup-{spec.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
