"""Backups of what hosts are configured by, as a Pulumi component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
import pulumi_random as random

from components.backup.bucket import BucketAccess
from components.backup.host.plan import HostBackupSpec, host_backup_unit
from components.foreseen import foreseen
from components.remote import HostUnit, Target
from components.unit import Unit

PASSPHRASE_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class HostBackupArgs:
    """``hosts``: each host by its name, with its target, ready when all on it is there. ``access``: their key for the
    bucket, if there is one. ``protect``: refuse to delete the passphrase, without which the archives can't be read.
    """

    hosts: Mapping[str, tuple[Target, HostBackupSpec]]
    access: BucketAccess | None
    protect: bool


class HostBackup(pulumi.ComponentResource):
    """The nightly backup of what each host is configured by: ``/etc``, and the broker's definitions where it runs.

    Owns a timer on each host, the programs that make and restore the archives, and their generated passphrase, another
    one than that of the databases' backups. Deleting it keeps the archives unless data deletion was asked for; what is
    in a bucket stays in any case.
    """

    def __init__(self, name: str, args: HostBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:backup:HostBackup", name, None, opts)
        passphrase = random.RandomPassword(
            f"{name}-passphrase",
            length=PASSPHRASE_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        access = args.access or BucketAccess(key_id="", key="")
        for host, (target, spec) in args.hosts.items():
            HostUnit(
                f"{host}-{name}",
                target,
                _unit(spec, foreseen(passphrase.result), access),
                named=f"host-backup-{spec.environment}",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _unit(spec: HostBackupSpec, passphrase: pulumi.Input[str], access: BucketAccess) -> pulumi.Output[Unit]:
    def made(values: list[str]) -> Unit:
        remote = replace(spec.remote, key_id=values[1] or spec.remote.key_id) if spec.remote else None
        return host_backup_unit(replace(spec, remote=remote), values[0], values[2])

    return pulumi.Output.all(passphrase, access.key_id, pulumi.Output.secret(access.key)).apply(made)
