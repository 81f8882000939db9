"""`cloudflare:index/accountToken:AccountToken`: a token of an account (POST, PUT, GET, DELETE on its tokens).

https://developers.cloudflare.com/api/resources/accounts/subresources/tokens
"""

from __future__ import annotations

import json
from typing import Any

from toolchain.providers import shape
from toolchain.providers.cloudflare.api import NotFoundError, quoted
from toolchain.providers.cloudflare.resource import CloudflareResource
from toolchain.providers.servicer import Change, Difference
from toolchain.providers.wire import UNKNOWN, Properties, differences, is_unknown, plain, secret

_MEMBERS = {
    "accountId": shape.STRING,
    "name": shape.STRING,
    "policies": shape.LIST,
    "condition": shape.OBJECT,
    "expiresOn": shape.STRING,
    "notBefore": shape.STRING,
    "status": shape.STRING,
}
_REQUIRED = ("accountId", "name", "policies")
_REPLACING = ("accountId",)
_SENT = {
    "name": "name",
    "condition": "condition",
    "expiresOn": "expires_on",
    "notBefore": "not_before",
    "status": "status",
}
_COMPUTED = {"issuedOn": "issued_on", "lastUsedOn": "last_used_on", "modifiedOn": "modified_on"}


class AccountToken(CloudflareResource):
    """Its value is told once, when it is made, and kept in the state as a secret."""

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members, types, and that the resources of each policy are a JSON object."""
        failures = shape.problems(new, _MEMBERS, _REQUIRED)
        policies = plain(new.get("policies"))
        for number, policy in enumerate(policies if isinstance(policies, list) else ()):
            if not is_unknown(policy["resources"]) and not _is_object(policy["resources"]):
                failures.append(f"policies[{number}].resources: must be a JSON object")
        return new, failures

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare the inputs; those of another account are another token."""
        paths = dict(differences(plain(old_inputs), plain(new)))
        return Difference(paths=paths, replaces=tuple(name for name in _REPLACING if name in paths))

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Make the token."""
        if change.preview:
            return "", change.new | dict.fromkeys((*_COMPUTED, "value"), UNKNOWN)
        wanted = plain(change.new)
        found = await self._call("POST", _path(wanted), _body(wanted))
        return str(found["id"]), change.new | _computed(found) | {"value": secret(found["value"])}

    async def update(self, change: Change) -> Properties:
        """Change what it may; its value stays."""
        value = {"value": secret(change.old.get("value"))}
        if change.preview:
            return change.new | {name: change.old.get(name) for name in _COMPUTED} | value
        wanted = plain(change.new)
        found = await self._call("PUT", _path(wanted, change.id), _body(wanted))
        return change.new | _computed(found) | value

    async def delete(self, change: Change) -> None:
        """Revoke it."""
        await self._call("DELETE", _path(plain(change.old), change.id))

    async def read(
        self, id: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Read the token, which does not tell its value again."""
        try:
            found = await self._call("GET", _path(plain(state), id))
        except NotFoundError:
            return "", {}, {}
        return id, state | _computed(found), inputs

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return await self.api.call(method, path, body)


def _path(wanted: Properties, token: str = "") -> str:
    return f"/accounts/{quoted(wanted['accountId'])}/tokens{f'/{quoted(token)}' if token else ''}"


def _body(wanted: Properties) -> dict[str, Any]:
    policies = [
        {
            "effect": policy["effect"],
            "permission_groups": policy["permissionGroups"],
            "resources": json.loads(policy["resources"]),
        }
        for policy in wanted["policies"]
    ]
    sent = {theirs: wanted[ours] for ours, theirs in _SENT.items() if wanted.get(ours) is not None}
    return sent | {"policies": policies}


def _computed(found: dict[str, Any]) -> Properties:
    return {ours: found.get(theirs) or "" for ours, theirs in _COMPUTED.items()}


def _is_object(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False
