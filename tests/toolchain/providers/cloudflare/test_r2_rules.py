"""What belongs to a bucket, and the tokens for it, against a server that answers as Cloudflare documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.toolchain.providers.cloudflare.fake import ACCOUNT, TOKEN, Cloudflare, served
from toolchain.providers.cloudflare.account_token import AccountToken
from toolchain.providers.cloudflare.provider import CloudflareProvider
from toolchain.providers.cloudflare.r2_bucket import R2Bucket
from toolchain.providers.cloudflare.r2_rules import (
    OfR2Bucket,
    R2BucketLifecycle,
    R2BucketLock,
    R2ManagedDomain,
)
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import UNKNOWN, Properties, is_secret, plain

OF = {"accountId": ACCOUNT, "bucketName": "backups"}
LIFECYCLE = OF | {
    "rules": [
        {
            "id": "unfinished",
            "enabled": True,
            "conditions": {"prefix": ""},
            "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604800.0}},
        }
    ]
}
LOCK = OF | {
    "rules": [
        {
            "id": "dumps",
            "enabled": True,
            "prefix": "x/",
            "condition": {"type": "Age", "maxAgeSeconds": 86400.0},
        }
    ]
}
TOKEN_INPUTS: dict[str, Any] = {
    "accountId": ACCOUNT,
    "name": "backups",
    "policies": [
        {"effect": "allow", "permissionGroups": [{"id": "g1"}], "resources": json.dumps({"bucket": "*"})}
    ],
}


@pytest.fixture
def cloudflare() -> Iterator[tuple[Cloudflare, CloudflareProvider]]:
    with served() as (state, url):
        provider = CloudflareProvider("6.23.1")
        provider.configure({"apiToken": TOKEN, "baseUrl": url})
        bucket = Change(urn="u", name="n", new={"accountId": ACCOUNT, "name": "backups"})
        asyncio.run(R2Bucket(provider).create(bucket))
        yield state, provider


def create(resource: Any, inputs: Properties, *, preview: bool = False) -> tuple[str, Properties]:
    assert resource.check(inputs)[1] == []
    id, outputs = asyncio.run(resource.create(Change(urn="u", name="n", new=inputs, preview=preview)))
    return id, outputs


@pytest.mark.parametrize(
    ("kind", "inputs", "of"), [(R2BucketLifecycle, LIFECYCLE, "lifecycle"), (R2BucketLock, LOCK, "lock")]
)
def test_rules_are_written_as_a_whole_and_changed_in_place(
    cloudflare: tuple[Cloudflare, CloudflareProvider], kind: type[OfR2Bucket], inputs: Properties, of: str
) -> None:
    state, provider = cloudflare
    resource = kind(provider)
    id, outputs = create(resource, inputs)
    assert state.buckets["backups"][of] == plain(inputs["rules"])
    assert resource.diff(outputs, inputs, inputs).paths == {}

    changed = inputs | {"rules": [inputs["rules"][0] | {"enabled": False}]}
    found = resource.diff(outputs, inputs, changed)
    assert (found.paths, found.replaces) == ({"rules[0].enabled": "update"}, ())
    asyncio.run(resource.update(Change(urn="u", name="n", new=changed, old=outputs, id=id)))
    assert state.buckets["backups"][of][0]["enabled"] is False

    asyncio.run(resource.delete(Change(urn="u", name="n", new={}, old=outputs, id=id)))
    assert state.buckets["backups"][of], "nothing deletes rules"


def test_a_refresh_finds_rules_that_others_have_changed(
    cloudflare: tuple[Cloudflare, CloudflareProvider],
) -> None:
    state, provider = cloudflare
    resource = R2BucketLock(provider)
    id, outputs = create(resource, LOCK)
    state.buckets["backups"]["lock"] = []
    _, found, inputs = asyncio.run(resource.read(id, outputs, LOCK))
    assert resource.diff(found, inputs, LOCK).paths == {"rules[0]": "add"}


def test_a_preview_asks_nobody(cloudflare: tuple[Cloudflare, CloudflareProvider]) -> None:
    state, provider = cloudflare
    before = list(state.calls)
    for resource, inputs in (
        (R2BucketLock(provider), LOCK),
        (R2BucketLifecycle(provider), LIFECYCLE),
        (R2ManagedDomain(provider), OF | {"enabled": False}),
        (AccountToken(provider), TOKEN_INPUTS),
    ):
        id, outputs = create(resource, inputs, preview=True)
        assert id == ""
    assert outputs["value"] == UNKNOWN
    assert state.calls == before


def test_the_public_address_is_switched_off(cloudflare: tuple[Cloudflare, CloudflareProvider]) -> None:
    state, provider = cloudflare
    state.buckets["backups"]["public"] = True
    resource = R2ManagedDomain(provider)
    _, outputs = create(resource, OF | {"enabled": False})
    assert state.buckets["backups"]["public"] is False
    assert outputs["domain"] == "pub-b1.r2.dev"
    assert resource.check(OF)[1] == ["enabled: is required"]


def test_rules_of_another_bucket_are_other_rules() -> None:
    resource = R2BucketLock(CloudflareProvider("6.23.1"))
    assert resource.diff(LOCK, LOCK, LOCK | {"bucketName": "other"}).replaces == ("bucketName",)


def test_a_token_is_made_changed_in_place_and_revoked(
    cloudflare: tuple[Cloudflare, CloudflareProvider],
) -> None:
    state, provider = cloudflare
    resource = AccountToken(provider)
    id, outputs = create(resource, TOKEN_INPUTS)
    assert state.tokens[id]["policies"] == [
        {"effect": "allow", "permission_groups": [{"id": "g1"}], "resources": {"bucket": "*"}}
    ]
    assert is_secret(outputs["value"]) and plain(outputs["value"]) == "value-1-not-real"
    assert resource.diff(outputs, TOKEN_INPUTS, TOKEN_INPUTS).paths == {}

    changed = TOKEN_INPUTS | {"name": "other"}
    updated = asyncio.run(resource.update(Change(urn="u", name="n", new=changed, old=outputs, id=id)))
    assert state.tokens[id]["name"] == "other"
    assert plain(updated["value"]) == "value-1-not-real"

    _, read, _ = asyncio.run(resource.read(id, updated, changed))
    assert plain(read["value"]) == "value-1-not-real"
    asyncio.run(resource.delete(Change(urn="u", name="n", new={}, old=updated, id=id)))
    assert state.tokens == {}
    assert asyncio.run(resource.read(id, updated, changed)) == ("", {}, {})


def test_resources_of_a_policy_must_be_an_object() -> None:
    policy = TOKEN_INPUTS["policies"][0] | {"resources": "everything"}
    failures = AccountToken(CloudflareProvider("6.23.1")).check(TOKEN_INPUTS | {"policies": [policy]})[1]
    assert failures == ["policies[0].resources: must be a JSON object"]


def test_an_account_may_have_a_bucket_of_that_name_only_once(
    cloudflare: tuple[Cloudflare, CloudflareProvider],
) -> None:
    bucket = Change(urn="u", name="n", new={"accountId": ACCOUNT, "name": "backups"})
    with pytest.raises(OperationError, match="already exists, and you own it"):
        asyncio.run(R2Bucket(cloudflare[1]).create(bucket))
