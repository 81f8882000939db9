"""What belongs to an R2 bucket and is one document each: lifecycle, locks, the public address of its own.

Each is written as a whole with PUT and read with GET; none can be deleted, so a deletion leaves it as it is, as with
the official provider. https://developers.cloudflare.com/api/resources/r2/subresources/buckets
"""

from __future__ import annotations

from typing import Any, ClassVar

from toolchain.providers import shape
from toolchain.providers.cloudflare.api import NotFoundError, quoted
from toolchain.providers.cloudflare.resource import CloudflareResource
from toolchain.providers.servicer import Change, Difference
from toolchain.providers.wire import UNKNOWN, Properties, differences, plain

_MEMBERS = {"accountId": shape.STRING, "bucketName": shape.STRING, "jurisdiction": shape.STRING}
_DEFAULTS: Properties = {"jurisdiction": "default"}
_REPLACING = ("accountId", "bucketName")


class OfR2Bucket(CloudflareResource):
    """A document of a bucket. ``place``: its path below the bucket's; ``sent``: its members beside those of all."""

    place: ClassVar[str]
    sent: ClassVar[dict[str, str]]
    required: ClassVar[tuple[str, ...]] = ()
    computed: ClassVar[tuple[str, ...]] = ()

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members and types."""
        return new, shape.problems(new, _MEMBERS | self.sent, (*_REPLACING, *self.required))

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare what is wanted with what is stored, after a refresh with what was found."""
        wanted = plain(_DEFAULTS | {name: value for name, value in new.items() if value is not None})
        stored = {name: plain(old[name]) for name in wanted if name in old}
        paths = dict(differences(stored, wanted))
        return Difference(paths=paths, replaces=tuple(name for name in _REPLACING if name in paths))

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Write the document."""
        if change.preview:
            return "", _DEFAULTS | change.new | dict.fromkeys(self.computed, UNKNOWN)
        return str(plain(change.new["bucketName"])), await self._put(change.new)

    async def update(self, change: Change) -> Properties:
        """Write it anew, as a whole."""
        if change.preview:
            return _DEFAULTS | change.new | {name: change.old.get(name) for name in self.computed}
        return await self._put(change.new)

    async def read(
        self, id: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Read the document; a bucket that is gone has none."""
        try:
            found = await self._call("GET", plain(_DEFAULTS | state))
        except NotFoundError:
            return "", {}, {}
        read = {name: found[name] for name in self.sent if name in found}
        return id, _DEFAULTS | state | read | self._computed(found), inputs

    async def _put(self, new: Properties) -> Properties:
        wanted = plain(_DEFAULTS | new)
        body = {name: wanted[name] for name in self.sent if wanted.get(name) is not None}
        return _DEFAULTS | new | self._computed(await self._call("PUT", wanted, body))

    def _computed(self, found: dict[str, Any]) -> Properties:
        return {name: found.get(name, "") for name in self.computed}

    async def _call(self, method: str, wanted: Properties, body: Any = None) -> dict[str, Any]:
        path = (
            f"/accounts/{quoted(wanted['accountId'])}/r2/buckets/{quoted(wanted['bucketName'])}/{self.place}"
        )
        return await self.api.call(method, path, body, {"cf-r2-jurisdiction": wanted["jurisdiction"]})


class R2BucketLifecycle(OfR2Bucket):
    """`cloudflare:index/r2BucketLifecycle:R2BucketLifecycle`."""

    place = "lifecycle"
    sent = {"rules": shape.LIST}


class R2BucketLock(OfR2Bucket):
    """`cloudflare:index/r2BucketLock:R2BucketLock`."""

    place = "lock"
    sent = {"rules": shape.LIST}


class R2ManagedDomain(OfR2Bucket):
    """`cloudflare:index/r2ManagedDomain:R2ManagedDomain`: the bucket's address under r2.dev, for everybody."""

    place = "domains/managed"
    sent = {"enabled": shape.BOOLEAN}
    required = ("enabled",)
    computed = ("bucketId", "domain")
