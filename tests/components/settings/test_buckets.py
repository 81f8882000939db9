"""What a bucket's settings may be."""

from __future__ import annotations

from typing import Any

import pytest

from components import specs
from components.backup.bucket import BucketSpec
from components.settings import R2Bucket, SettingsError
from tests.components.settings.example import Load

B2 = {
    "kind": "b2",
    "name": "dhanman-backups",
    "endpoint": "https://s3.us-west-004.backblazeb2.com",
    "admin": {"keyId": "0" * 12, "key": "fake"},
}
S3 = {
    "kind": "s3",
    "name": "dhanman-backups",
    "endpoint": "https://s3.example.com",
    "keyId": "hostkey",
    "key": "fake",
}
R2 = {"kind": "r2", "name": "dhanman-backups", "accountId": "0" * 32}


def bucket(load_changed: Load, settings: dict[str, Any], **backup: Any) -> BucketSpec:
    found = specs.bucket(load_changed({"backup": {"bucket": settings} | backup}))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (B2 | {"admin": {"keyId": "no-id", "key": "fake"}}, "backup/bucket/admin/keyId: must"),
        (B2 | {"lock": {"days": 31}}, "backup/bucket/lock/days: must be at most 30, as backup/retentionDays"),
        (B2 | {"lock": {"days": 0}}, "backup/bucket/lock/days: must be"),
        (B2 | {"lock": {"days": 5, "mode": "strict"}}, "backup/bucket/lock/mode: must be"),
        (S3 | {"keyNumber": 2}, "backup/bucket/keyNumber: unknown key"),
        (R2 | {"hiddenDays": 2}, "backup/bucket/hiddenDays: unknown key"),
        (R2 | {"lock": {"days": 5, "mode": "compliance"}}, "lock/mode must be governance: R2's locks"),
        (R2 | {"accountId": "x"}, "backup/bucket/accountId: must"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_not_be_is_said_with_its_path(
    load_changed: Load, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_changed({"environment": "qa", "backup": {"bucket": changes}})
    assert problem in "\n".join(str(p) for p in caught.value.problems)


def test_a_lock_may_be_as_long_as_copies_are_kept(load_changed: Load) -> None:
    lock = bucket(load_changed, B2 | {"lock": {"days": 60}}, retentionDays=60).lock
    assert lock is not None and (lock.days, lock.mode) == (60, "governance")
    assert bucket(load_changed, B2).lock is None


def test_backblaze_makes_the_hosts_key_unless_one_is_given(load_changed: Load) -> None:
    made = bucket(load_changed, B2)
    assert (made.makes_key, made.admin_key_id, made.region) == (True, "0" * 12, "us-west-004")
    given = bucket(load_changed, B2 | {"keyId": "1" * 12, "key": "fake"})
    assert (given.makes_key, given.key_id) == (False, "1" * 12)


def test_the_secret_halves_are_told_apart(load_changed: Load) -> None:
    both = S3 | {"key": "of-the-host", "admin": {"keyId": "a", "key": "of-the-admin"}}
    settings = load_changed({"backup": {"bucket": both}})
    assert specs.bucket_keys(settings) == ("of-the-host", "of-the-admin")
    assert specs.bucket_keys(load_changed({"backup": {"bucket": R2}})) == (
        "",
        "",
    )


@pytest.mark.parametrize(("jurisdiction", "host"), [("default", ""), ("eu", "eu.")])
def test_r2_is_reached_through_its_s3_api(load_changed: Load, jurisdiction: str, host: str) -> None:
    endpoint = f"https://{'0' * 32}.{host}r2.cloudflarestorage.com"
    settings = load_changed({"backup": {"bucket": R2 | {"jurisdiction": jurisdiction}}})
    assert isinstance(settings.backup.bucket, R2Bucket) and settings.backup.bucket.endpoint == endpoint
    remote, archive = specs.backup(settings).remote, specs.physical_backup(settings)
    assert remote is not None and (remote.kind, remote.endpoint, remote.region) == ("s3", endpoint, "auto")
    assert archive is not None and archive.bucket is not None
    assert (archive.bucket.host, archive.bucket.region) == (endpoint.removeprefix("https://"), "auto")
