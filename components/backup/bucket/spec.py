"""What a bucket is to be, as its component and the programs that make it have it in common. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

UNFINISHED_DAYS = 7
"""Days after which an upload in parts that nobody ended is given up: no upload of ours takes that long."""
OWNER = "dhanman-environment"
"""Under this name a bucket says which environment's it is: a tag at S3, information on the bucket at B2."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """For how many days after its upload a version can't be deleted. ``mode``: ``governance`` or ``compliance``."""

    days: int
    mode: str

    def __str__(self) -> str:
        return f"{self.days} days, {self.mode}"


@dataclass(frozen=True, kw_only=True)
class BucketSpec:
    """One bucket, without its keys. ``kind``: ``b2``, ``s3`` or ``r2``; ``prefix``: the folder in it.

    ``hidden_days``: after so many days an old version is deleted. ``endpoint``, ``region``: of its S3 API.
    ``admin_key_id``: of the key that makes it, or empty. ``key_id``: of the host's key if that is given, or empty.
    ``key_number``: another number stands for another key of the host. ``account``, ``jurisdiction``, ``location``:
    at Cloudflare.
    """

    kind: str
    name: str
    prefix: str
    environment: str
    hidden_days: int
    endpoint: str = ""
    region: str = ""
    lock: Lock | None = None
    adopt: bool = False
    admin_key_id: str = ""
    key_id: str = ""
    key_number: int = 1
    account: str = ""
    jurisdiction: str = "default"
    location: str | None = None

    @property
    def makes_key(self) -> bool:
        """Whether the deployment makes the host's key."""
        return self.kind == "r2" or not self.key_id

    @property
    def key_name(self) -> str:
        """Name of the host's key: another one for whatever makes it another key."""
        what = f"{self.kind} {self.name} {self.prefix} {self.key_number}"
        return f"dhanman-{self.environment}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"

    def wanted(self, key: str, admin_key: str) -> Wanted:
        """The same for a program that asks the provider, with the key that it asks with."""
        admin = bool(self.admin_key_id)
        return Wanted(
            kind=self.kind,
            name=self.name,
            environment=self.environment,
            endpoint=self.endpoint,
            region=self.region,
            hidden_days=self.hidden_days,
            lock=self.lock,
            adopt=self.adopt,
            change=admin,
            key_id=self.admin_key_id if admin else self.key_id,
            key=admin_key if admin else key,
        )


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A bucket for a program that makes it. ``change``: whether it may, or only looks. ``key_id``, ``key``: of that."""

    kind: str
    name: str
    environment: str
    endpoint: str
    region: str
    hidden_days: int
    lock: Lock | None
    adopt: bool
    change: bool
    key_id: str
    key: str

    def text(self) -> str:
        """As it travels on standard input."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """What :meth:`text` made."""
        raw: dict[str, Any] = json.loads(text)
        return cls(**raw | {"lock": Lock(**raw["lock"]) if raw["lock"] else None})


@dataclass(frozen=True, kw_only=True)
class WantedKey:
    """A key of a B2 bucket for the program that makes it. ``admin_key_id``, ``admin_key``: what it makes it with."""

    name: str
    bucket: str
    prefix: str
    admin_key_id: str
    admin_key: str

    def text(self) -> str:
        """As it travels on standard input."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> WantedKey:
        """What :meth:`text` made."""
        return cls(**json.loads(text))
