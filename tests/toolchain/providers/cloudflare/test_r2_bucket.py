from __future__ import annotations

import asyncio
from typing import Any

import pytest

from toolchain.providers.cloudflare.api import NotFoundError
from toolchain.providers.cloudflare.provider import CloudflareProvider
from toolchain.providers.cloudflare.r2_bucket import R2Bucket
from toolchain.providers.servicer import Change, OperationError

BUCKET = {"accountId": "a1", "name": "backups", "location": "weur"}


class Api:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any, Any]] = []
        self.missing = False

    async def call(self, method: str, path: str, body: Any = None, headers: Any = None) -> dict[str, Any]:
        self.calls.append((method, path, body, headers))
        if self.missing:
            raise NotFoundError("no such bucket")
        return {"name": "backups", "creation_date": "then", "location": "WEUR", "storage_class": "Standard"}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def bucket(api: Api) -> R2Bucket:
    provider = CloudflareProvider("6.23.1")
    provider.api = api  # type: ignore[assignment]
    return R2Bucket(provider)


def test_a_bucket_is_created_with_its_location_as_a_hint(bucket: R2Bucket, api: Api) -> None:
    id, outputs = asyncio.run(bucket.create(Change(urn="u", name="n", new=BUCKET)))
    body = {"name": "backups", "storageClass": "Standard", "locationHint": "weur"}
    assert api.calls == [("POST", "/accounts/a1/r2/buckets", body, {"cf-r2-jurisdiction": "default"})]
    assert id == "backups" and outputs["creationDate"] == "then"
    assert bucket.diff(outputs, BUCKET, BUCKET).paths == {}


def test_the_location_is_fixed_after_the_creation(bucket: R2Bucket) -> None:
    assert bucket.diff(BUCKET, BUCKET, BUCKET | {"location": "apac"}).paths == {}


def test_another_name_is_another_bucket(bucket: R2Bucket) -> None:
    assert bucket.diff(BUCKET, BUCKET, BUCKET | {"name": "other"}).replaces == ("name",)


def test_the_jurisdiction_can_not_be_changed(bucket: R2Bucket) -> None:
    change = Change(urn="u", name="n", new=BUCKET | {"jurisdiction": "eu"}, old=BUCKET, id="backups")
    with pytest.raises(OperationError, match="jurisdiction"):
        asyncio.run(bucket.update(change))


def test_a_removed_bucket_reads_as_gone(bucket: R2Bucket, api: Api) -> None:
    api.missing = True
    assert asyncio.run(bucket.read("backups", dict(BUCKET), {})) == ("", {}, {})
