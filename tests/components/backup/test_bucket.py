"""The bucket at Backblaze, against b2sdk's own simulator."""

from __future__ import annotations

from typing import Any

import pytest
from b2sdk.v2 import B2Api, InMemoryAccountInfo, RawSimulator

from components.backup.bucket import PRIVATE, Bucket, ensure, lifecycle

WANTED = Bucket(name="dhanman-backups", key_id="k1", key="not-a-real-key", hidden_days=7)


@pytest.fixture
def api() -> Any:
    """An account without buckets."""
    info = InMemoryAccountInfo()
    made = B2Api(info, api_config=_simulated())
    key_id, key = made.session.raw_api.create_account()
    made.authorize_account("production", key_id, key)
    return made


def _simulated() -> Any:
    from b2sdk.v2 import B2HttpApiConfig

    return B2HttpApiConfig(_raw_api_class=RawSimulator)


def test_a_missing_bucket_is_made_private_with_the_rule(api: Any) -> None:
    assert ensure(WANTED, api) == "bucket dhanman-backups: created"
    bucket = api.get_bucket_by_name("dhanman-backups")
    assert (bucket.type_, bucket.lifecycle_rules) == (PRIVATE, lifecycle(WANTED))


def test_a_second_run_changes_nothing(api: Any) -> None:
    ensure(WANTED, api)
    revision = api.get_bucket_by_name("dhanman-backups").revision
    assert ensure(WANTED, api) == "bucket dhanman-backups: unchanged"
    assert api.get_bucket_by_name("dhanman-backups").revision == revision


def test_a_public_bucket_is_made_private(api: Any) -> None:
    api.create_bucket("dhanman-backups", "allPublic")
    assert ensure(WANTED, api) == "bucket dhanman-backups: corrected"
    bucket = api.get_bucket_by_name("dhanman-backups")
    assert (bucket.type_, bucket.lifecycle_rules) == (PRIVATE, lifecycle(WANTED))
