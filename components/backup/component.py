"""Backups as Pulumi components: the bucket that they go to, and the nightly run."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi

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


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """``target``: the databases' host, ready once they are. ``key``: secret half of the bucket's key."""

    target: Target
    spec: BackupSpec
    key: pulumi.Input[str]


class Backup(pulumi.ComponentResource):
    """The nightly backup of every database of an environment.

    Owns the document's script, its settings and its timer. Deleting it keeps the backups unless data deletion was
    asked for.
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
        self.register_outputs({"directory": spec.directory, "schedule": spec.schedule})
