"""`cloudflare:index/r2Bucket:R2Bucket`: a bucket of Cloudflare's object store."""

from __future__ import annotations

from typing import Any

from toolchain.providers import shape
from toolchain.providers.cloudflare.api import NotFoundError, quoted
from toolchain.providers.cloudflare.resource import CloudflareResource
from toolchain.providers.servicer import Change, Difference, OperationError
from toolchain.providers.wire import UNKNOWN, Properties, plain

_MEMBERS = {
    "accountId": shape.STRING,
    "name": shape.STRING,
    "location": shape.STRING,
    "jurisdiction": shape.STRING,
    "storageClass": shape.STRING,
}
_DEFAULTS: Properties = {"jurisdiction": "default", "storageClass": "Standard"}
_REPLACING = ("accountId", "name")
_COMPARED = (*_REPLACING, "jurisdiction", "storageClass")


class R2Bucket(CloudflareResource):
    """The location is a hint for the creation alone; a bucket that is not empty can't be deleted."""

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members and types."""
        return new, shape.problems(new, _MEMBERS, ("accountId", "name"))

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare everything but the location."""
        wanted = _DEFAULTS | new
        paths = {
            n: "update" for n in _COMPARED if plain(old.get(n, _DEFAULTS.get(n))) != plain(wanted.get(n))
        }
        return Difference(paths=paths, replaces=tuple(name for name in _REPLACING if name in paths))

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Create the bucket."""
        wanted = _DEFAULTS | change.new
        if change.preview:
            return "", wanted | {"creationDate": UNKNOWN}
        given = plain(wanted)
        body = {"name": given["name"], "storageClass": given["storageClass"]}
        if given.get("location"):
            body["locationHint"] = given["location"]
        found = await self._call("POST", given, f"/accounts/{quoted(given['accountId'])}/r2/buckets", body)
        return given["name"], wanted | {"creationDate": found.get("creation_date", "")}

    async def update(self, change: Change) -> Properties:
        """Change the storage class; the jurisdiction is fixed."""
        wanted = _DEFAULTS | change.new
        if plain(wanted["jurisdiction"]) != plain(change.old.get("jurisdiction", "default")):
            raise OperationError("the jurisdiction of a bucket can't be changed")
        if not change.preview:
            headers = {"cf-r2-storage-class": plain(wanted["storageClass"])}
            await self._call("PATCH", plain(wanted), _path(plain(wanted)), headers=headers)
        return wanted | {"creationDate": change.old.get("creationDate")}

    async def delete(self, change: Change) -> None:
        """Delete the bucket."""
        await self._call("DELETE", plain(change.old), _path(plain(change.old)))

    async def read(
        self, id: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Read the bucket; `<account id>/<name>/<jurisdiction>` imports it."""
        parts = id.split("/")
        if len(parts) == len(("account", "name", "jurisdiction")):
            state = {"accountId": parts[0], "name": parts[1], "jurisdiction": parts[2]}
        try:
            found = await self._call("GET", plain(state), _path(plain(state)))
        except NotFoundError:
            return "", {}, {}
        read = {
            "storageClass": found.get("storage_class", "Standard"),
            "creationDate": found.get("creation_date", ""),
        }
        return str(plain(state["name"])), _DEFAULTS | state | read, inputs or _DEFAULTS | state

    async def _call(
        self,
        method: str,
        wanted: Properties,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        all_headers = (headers or {}) | {"cf-r2-jurisdiction": wanted.get("jurisdiction", "default")}
        return await self.api.call(method, path, body, all_headers)


def _path(wanted: Properties) -> str:
    return f"/accounts/{quoted(wanted['accountId'])}/r2/buckets/{quoted(wanted['name'])}"
