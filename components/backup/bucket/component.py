"""The bucket that backups are uploaded to, as a Pulumi component."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.backup.bucket import cloudflare
from components.backup.bucket.spec import BucketSpec, WantedKey
from components.foreseen import foreseen
from components.remote import LocalScript


@dataclass(frozen=True, kw_only=True)
class BucketAccess:
    """The host's access key: its id, and its secret half."""

    key_id: pulumi.Input[str]
    key: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class BackupBucketArgs:
    """``key``, ``admin_key``: secret halves of the host's key and of the one that makes the bucket, where given.

    ``protect``: refuse to take the bucket out of the state.
    """

    spec: BucketSpec
    key: pulumi.Input[str] = ""
    admin_key: pulumi.Input[str] = ""
    protect: bool


class BackupBucket(pulumi.ComponentResource):
    """The bucket that backups are uploaded to, and the host's key for it.

    Owns the bucket: private, with versions where they are offered, rules that really delete what expired, and a lock
    if one is wanted. A bucket that others have made is refused unless it is to be adopted; without a key that may
    change it, it is looked at. At Backblaze and Cloudflare it also owns the host's key, which reaches nothing else;
    another ``key_number`` makes a new one, and the old one goes once the host has it. At R2 ``opts`` must bring the
    provider.

    Deleting it leaves the bucket, its rules and everything in it: backups outlive the environment. Its key goes.
    """

    access: BucketAccess
    """What the host gets."""

    ready: Sequence[pulumi.Resource]
    """What must be there before anything is uploaded."""

    def __init__(self, name: str, args: BackupBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:backup:BackupBucket", name, None, opts)
        spec = args.spec
        self.ready = (
            cloudflare.bucket(name, spec, self, protect=args.protect)
            if spec.kind == "r2"
            else [self._script(name, args)]
        )
        if not spec.makes_key:
            self.access = BucketAccess(key_id=spec.key_id, key=pulumi.Output.secret(args.key))
        elif spec.kind == "r2":
            key_id, key = cloudflare.key(name, spec, self, self.ready)
            self.access = BucketAccess(key_id=foreseen(key_id), key=foreseen(key))
        else:
            self.access = self._b2_key(name, args)
        self.register_outputs({"name": spec.name})

    def _script(self, name: str, args: BackupBucketArgs) -> pulumi.Resource:
        wanted = pulumi.Output.all(args.key, args.admin_key).apply(
            lambda keys: args.spec.wanted(*keys).text()
        )
        return LocalScript(
            f"{name}-{args.spec.kind}",
            "components.backup.bucket",
            wanted,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, retain_on_delete=True),
        )

    def _b2_key(self, name: str, args: BackupBucketArgs) -> BucketAccess:
        spec = args.spec

        def wanted(admin_key: str) -> str:
            return WantedKey(
                name=spec.key_name,
                bucket=spec.name,
                prefix=spec.prefix,
                admin_key_id=spec.admin_key_id,
                admin_key=admin_key,
            ).text()

        # another key is another resource: it is made before the host gets it, and the old one is deleted after that
        made = LocalScript(
            f"{name}-{spec.key_name.rpartition('-')[2]}-key",
            "components.backup.bucket.key",
            pulumi.Output.from_input(args.admin_key).apply(wanted),
            delete="components.backup.bucket.forget",
            secret_output=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.ready),
        )
        text: pulumi.Input[str] = made.stdout
        printed = pulumi.Output.secret(text).apply(json.loads)
        return BucketAccess(
            key_id=foreseen(printed.apply(lambda key: str(key["id"]))),
            key=foreseen(printed.apply(lambda key: str(key["key"]))),
        )
