"""The backups of an environment, and the one bucket they all go to."""

from __future__ import annotations

import pulumi

from components import specs
from components.backup import Backup, BackupArgs, BackupBucket, BackupBucketArgs, Remote
from components.backup.host.component import HostBackup, HostBackupArgs
from components.environment.frame import Frame
from components.environment.hosts import Hosts
from components.environment.stores import Stores
from components.object_storage import ObjectBackup, ObjectBackupArgs


class Backups:
    """Databases, objects, the broker's definitions and the hosts' configuration, where and as the settings say."""

    def __init__(self, frame: Frame, hosts: Hosts, stores: Stores) -> None:
        self._frame = frame
        self._hosts = hosts
        self._stores = stores
        self._settings = frame.settings
        self._bucket = self._make_bucket()
        self._access = self._bucket.access if self._bucket else None
        self._stored = list(self._bucket.ready) if self._bucket else []
        remote, dumps = self._databases()
        self._of_hosts(remote, dumps)
        self._objects(dumps)

    def _make_bucket(self) -> BackupBucket | None:
        spec = specs.bucket(self._settings)
        if spec is None:
            return None
        key, admin_key = specs.bucket_keys(self._settings)
        args = BackupBucketArgs(spec=spec, key=key, admin_key=admin_key, protect=self._frame.protect)
        opts = self._frame.of_cloudflare if spec.kind == "r2" else self._frame.child
        return BackupBucket("backup-bucket", args, opts)

    def _databases(self) -> tuple[Remote | None, pulumi.Resource]:
        """Where the backups go besides the host, and what has been applied once the databases have theirs."""
        target = self._hosts.target("postgres").after(
            *(database.ready for database in self._stores.databases.values()),
            *self._hosts.teller("postgres"),
            *self._stored,
        )
        spec = specs.backup(self._settings)
        args = BackupArgs(
            target=target,
            spec=spec,
            access=self._access,
            physical=specs.physical_backup(self._settings),
            source_secrets=specs.source_secrets(self._settings),
            protect=self._frame.protect,
        )
        return spec.remote, Backup("backup", args, self._frame.child).ready

    def _of_hosts(self, remote: Remote | None, dumps: pulumi.Resource) -> None:
        hosts = {}
        for name, target in self._hosts.targets.items():
            spec = specs.host_backup(self._settings, name, remote)
            before = [dumps] if spec.beside_dumps else self._stored
            broker = [self._stores.rabbitmq.ready] if spec.rabbitmq else []
            hosts[name] = (target.after(*self._hosts.told(name), *before, *broker), spec)
        args = HostBackupArgs(hosts=hosts, access=self._access, protect=self._frame.protect)
        HostBackup("host-backup", args, self._frame.child)

    def _objects(self, dumps: pulumi.Resource) -> None:
        wanted, objects = self._frame.objects, self._stores.objects
        if wanted is None or objects is None:
            return
        args = ObjectBackupArgs(
            # a folder that dumps and objects both go to is that of the dumps
            target=self._hosts.target("object_storage").after(
                objects.ready, dumps, *self._hosts.teller("object_storage"), *self._stored
            ),
            spec=wanted.backup,
            key_id=self._access.key_id if self._access else "",
            key=self._access.key if self._access else "",
            protect=self._frame.protect,
        )
        ObjectBackup("object-backup", args, self._frame.child)
