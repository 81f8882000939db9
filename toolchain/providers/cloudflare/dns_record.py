"""`cloudflare:index/dnsRecord:DnsRecord`: one DNS record."""

from __future__ import annotations

import json
from typing import Any

from toolchain.providers import shape
from toolchain.providers.cloudflare.api import NotFoundError, quoted
from toolchain.providers.cloudflare.resource import CloudflareResource
from toolchain.providers.servicer import Change, Difference, OperationError
from toolchain.providers.wire import UNKNOWN, Properties, differences, is_unknown, plain

_MEMBERS = {
    "zoneId": shape.STRING,
    "name": shape.STRING,
    "type": shape.STRING,
    "ttl": shape.NUMBER,
    "content": shape.STRING,
    "data": shape.OBJECT,
    "proxied": shape.BOOLEAN,
    "priority": shape.NUMBER,
    "comment": shape.STRING,
    "tags": shape.STRINGS,
    "settings": shape.OBJECT,
    "privateRouting": shape.BOOLEAN,
}
_REPLACING = ("zoneId", "type")
_TYPE_NAMES = """
A AAAA CNAME MX NS OPENPGPKEY PTR TXT CAA CERT DNSKEY DS HTTPS LOC NAPTR SMIMEA SRV SSHFP SVCB TLSA URI
"""
_TYPES = frozenset(_TYPE_NAMES.split())
_AUTOMATIC_TTL = 1
_SENT = tuple(name for name in _MEMBERS if name not in ("zoneId", "settings", "privateRouting"))
_SETTINGS = {"ipv4Only": "ipv4_only", "ipv6Only": "ipv6_only", "flattenCname": "flatten_cname"}
_COMPUTED = {
    "commentModifiedOn": "comment_modified_on",
    "createdOn": "created_on",
    "modifiedOn": "modified_on",
    "tagsModifiedOn": "tags_modified_on",
    "proxiable": "proxiable",
}


class DnsRecord(CloudflareResource):
    """Created with POST, changed with PUT; another zone or type is another record."""

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members, the type, and that there is either content or data."""
        failures = shape.problems(new, _MEMBERS, ("zoneId", "name", "type", "ttl"))
        kind = plain(new.get("type"))
        if isinstance(kind, str) and kind not in _TYPES and kind != UNKNOWN:
            failures.append(f"type: {kind} is no type of record that Cloudflare has")
        if (new.get("content") is None) == (new.get("data") is None):
            failures.append("exactly one of content and data must be given")
        return new, failures

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare what is wanted with what is stored, after a refresh with what was found."""
        compared = {name: member for name, member in new.items() if member is not None}
        stored = {
            name: _stored(name, old, compared) for name in _MEMBERS if name in compared or old.get(name)
        }
        stored = {name: member for name, member in stored.items() if member is not None}
        paths = dict(differences(plain(stored), plain(compared)))
        paths = {path: kind for path, kind in paths.items() if not _same(path, stored, compared)}
        return Difference(paths=paths, replaces=tuple(name for name in _REPLACING if name in paths))

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Create the record; an equal one that exists is an error and is never taken over."""
        if change.preview:
            return "", {"proxied": False} | change.new | dict.fromkeys((*_COMPUTED, "meta"), UNKNOWN)
        wanted = plain(change.new)
        if wanted.get("proxied") and wanted["ttl"] != _AUTOMATIC_TTL:
            raise OperationError("ttl must be 1 (automatic) when proxied is true")
        found = await self._call("POST", f"/zones/{quoted(wanted['zoneId'])}/dns_records", _body(wanted))
        return str(found["id"]), {"proxied": False} | change.new | _computed(found)

    async def update(self, change: Change) -> Properties:
        """Change the record as a whole."""
        if change.preview:
            return (
                {"proxied": False}
                | change.new
                | {name: change.old.get(name) for name in (*_COMPUTED, "meta")}
            )
        wanted = plain(change.new)
        found = await self._call("PUT", _path(wanted["zoneId"], change.id), _body(wanted))
        return {"proxied": False} | change.new | _computed(found)

    async def delete(self, change: Change) -> None:
        """Remove the record; one that is gone already is an error until a refresh."""
        await self._call("DELETE", _path(plain(change.old["zoneId"]), change.id))

    async def read(
        self, id: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Read the record; `<zone id>/<record id>` imports it."""
        zone, _, record = id.rpartition("/")
        zone = zone or plain(state.get("zoneId") or inputs.get("zoneId") or "")
        try:
            found = await self._call("GET", _path(zone, record))
        except NotFoundError:
            return "", {}, {}
        read: Properties = {"zoneId": zone} | {
            n: found[n] for n in _SENT if found.get(n) not in (None, [], {})
        }
        read.pop("content", None) if "data" in read else None
        settings = {ours: (found.get("settings") or {}).get(theirs) for ours, theirs in _SETTINGS.items()}
        if given := {name: value for name, value in settings.items() if value is not None}:
            read["settings"] = given
        outputs = {"proxied": False} | read | _computed(found)
        return record, outputs, inputs or read

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return await self.api.call(method, path, body)


def _path(zone: str, record: str) -> str:
    return f"/zones/{quoted(zone)}/dns_records/{quoted(record)}"


def _body(wanted: Properties) -> dict[str, Any]:
    body = {name: wanted[name] for name in _SENT if wanted.get(name) is not None}
    if wanted.get("settings"):
        body["settings"] = {_SETTINGS.get(name, name): value for name, value in wanted["settings"].items()}
    return body


def _computed(found: dict[str, Any]) -> Properties:
    outputs = {ours: found.get(theirs) for ours, theirs in _COMPUTED.items()}
    return outputs | {"meta": json.dumps(found.get("meta") or {})}


def _stored(name: str, old: Properties, wanted: Properties) -> Any:
    if name in wanted:
        return old.get(name)
    return None if name in ("tags", "settings", "privateRouting") else old.get(name) or None


def _same(path: str, stored: Properties, wanted: Properties) -> bool:
    """Whether two spellings mean the same: a name with and without its zone, a CNAME's letter case."""
    have, want = plain(stored.get(path)), plain(wanted.get(path))
    if is_unknown(want) or not isinstance(have, str) or not isinstance(want, str):
        return False
    if path == "name":
        return have.startswith(f"{want}.") or want == "@"
    cname = plain(wanted.get("type")) == "CNAME"
    return path == "content" and cname and have.casefold() == want.casefold()
