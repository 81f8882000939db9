"""Where backups go: a bucket at one of several providers, or a folder."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import (
    AbsolutePath,
    B2Endpoint,
    BucketName,
    BucketPrefix,
    HttpsUrl,
    Positive,
    Secret,
)

_KeyId = Annotated[str, Field(pattern=r"^[0-9A-Za-z]+$")]
_B2KeyId = Annotated[str, Field(pattern=r"^[0-9A-Za-z]+$", min_length=10)]


class Lock(Model):
    """For how many ``days`` after its upload no copy can be deleted or changed.

    ``mode``: ``governance`` can be lifted by whoever owns the account, ``compliance`` by nobody.
    """

    days: Positive
    mode: Literal["governance", "compliance"] = "governance"


class AdminKey(Model):
    """A key that may make the bucket and change its rules. It never reaches a host."""

    key_id: _KeyId
    key: Secret


class _Rules(Model):
    """What every bucket has. ``prefix``: the folder in it. ``adopt``: take over a bucket that others have made."""

    name: BucketName
    prefix: BucketPrefix = "postgresql"
    lock: Lock | None = None
    adopt: bool = False


class B2Bucket(_Rules):
    """A Backblaze B2 bucket.

    With ``admin`` the deployment makes the bucket, and for the host a key that reaches no more than ``prefix`` in it;
    ``key_number``: another number makes another such key. Or ``key_id`` and ``key`` are the host's key.
    ``endpoint``: of its S3 API, for pgBackRest, which speaks no other. ``hidden_days``: after so many days what was
    deleted or overwritten is really gone.
    """

    kind: Literal["b2"]
    endpoint: B2Endpoint | None = None
    admin: AdminKey | None = None
    key_id: _B2KeyId | None = None
    key: Secret | None = None
    key_number: Positive = 1
    hidden_days: Positive = 7

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.key_id is None) != (self.key is None):
            raise ValueError("keyId and key belong together")
        if self.admin is None and self.key is None:
            raise ValueError("needs admin, from which the host's key is made, or keyId and key")
        return self


class S3Bucket(_Rules):
    """A bucket of any S3-compatible store; ``key_id`` and ``key`` are the host's access key.

    With ``admin`` the deployment makes the bucket and its rules; without, the bucket must be as it should be.
    """

    kind: Literal["s3"]
    endpoint: HttpsUrl
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$")
    admin: AdminKey | None = None
    key_id: _KeyId
    key: Secret
    hidden_days: Positive = 7


class R2Bucket(_Rules):
    """A Cloudflare R2 bucket, and a token for it, through the provider that ``cloudflare:apiToken`` is for.

    ``jurisdiction``: where its data has to stay. ``location``: where it had better be. Both hold from its creation on.
    ``key_number``: another number makes another token. R2 keeps no versions; its ``lock`` is for the dumps alone.
    """

    kind: Literal["r2"]
    account_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    jurisdiction: Literal["default", "eu", "fedramp"] = "default"
    location: Literal["apac", "eeur", "enam", "weur", "wnam", "oc"] | None = None
    key_number: Positive = 1

    @model_validator(mode="after")
    def _lock_can_be_lifted(self) -> Self:
        if self.lock and self.lock.mode == "compliance":
            raise ValueError(
                "lock/mode must be governance: R2's locks can be lifted by whoever owns the account"
            )
        return self

    @property
    def endpoint(self) -> str:
        """Of its S3 API."""
        inner = "" if self.jurisdiction == "default" else f"{self.jurisdiction}."
        return f"https://{self.account_id}.{inner}r2.cloudflarestorage.com"


class FolderBucket(Model):
    """A folder of the backup host that stands in for a bucket, in local and test environments."""

    kind: Literal["folder"]
    path: AbsolutePath


Bucket = Annotated[B2Bucket | S3Bucket | R2Bucket | FolderBucket, Field(discriminator="kind")]
