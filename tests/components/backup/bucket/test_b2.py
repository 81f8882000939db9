"""The bucket at Backblaze and the host's key for it, against b2sdk's own simulator of B2."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from b2sdk.v2 import (
    B2Api,
    B2HttpApiConfig,
    BucketRetentionSetting,
    InMemoryAccountInfo,
    RawSimulator,
    RetentionMode,
    RetentionPeriod,
)
from b2sdk.v2.exception import RestrictedBucket, Unauthorized

from components.backup.bucket import b2, forget, key
from components.backup.bucket.b2 import CAPABILITIES, PRIVATE, B2Store, lifecycle, make_key
from components.backup.bucket.ensure import Refusal, ensure
from components.backup.bucket.spec import OWNER, Lock, Wanted, WantedKey

NAME = "dhanman-backups"
ADMIN_KEY = "not-a-real-admin-key"
WANTED = Wanted(
    kind="b2",
    name=NAME,
    environment="prod",
    endpoint="",
    region="",
    hidden_days=7,
    lock=None,
    adopt=False,
    change=True,
    key_id="k1",
    key=ADMIN_KEY,
)
KEY = WantedKey(
    name="dhanman-prod-1", bucket=NAME, prefix="postgresql", admin_key_id="k1", admin_key=ADMIN_KEY
)
LOCK = Lock(days=14, mode="governance")


class Account:
    """An account in B2's simulator."""

    def __init__(self) -> None:
        self.api = self._api()
        self.master = self.api.session.raw_api.create_account()
        self.api.authorize_account("production", *self.master)

    def as_key(self, key_id: str, key: str) -> Any:
        api = self._api()
        api.session.raw_api = self.api.session.raw_api
        api.authorize_account("production", key_id, key)
        return api

    @staticmethod
    def _api() -> Any:
        return B2Api(InMemoryAccountInfo(), api_config=B2HttpApiConfig(_raw_api_class=RawSimulator))

    def bucket(self) -> Any:
        return self.api.get_bucket_by_name(NAME)

    def ensure(self, **changes: Any) -> list[str]:
        wanted = replace(WANTED, **changes)
        return ensure(wanted, B2Store(wanted, self.api))


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_missing_bucket_is_made_private_with_the_rule_and_says_whose_it_is(account: Account) -> None:
    assert account.ensure() == [f"bucket {NAME}: created"]
    bucket = account.bucket()
    assert (bucket.type_, bucket.lifecycle_rules) == (PRIVATE, [lifecycle(7)])
    assert bucket.bucket_info == {OWNER: "prod"}
    assert not bucket.is_file_lock_enabled


def test_the_rule_deletes_hidden_files_and_gives_up_unfinished_uploads() -> None:
    assert lifecycle(7) == {
        "fileNamePrefix": "",
        "daysFromHidingToDeleting": 7,
        "daysFromUploadingToHiding": None,
        "daysFromStartingToCancelingUnfinishedLargeFiles": 7,
    }


def test_a_second_run_changes_nothing(account: Account) -> None:
    account.ensure(lock=LOCK)
    revision = account.bucket().revision
    assert account.ensure(lock=LOCK) == [f"bucket {NAME}: unchanged"]
    assert account.bucket().revision == revision


def test_days_and_lock_are_changed_in_place(account: Account) -> None:
    account.ensure()
    id = account.bucket().id_
    assert account.ensure(hidden_days=14, lock=LOCK) == [
        f"bucket {NAME}: corrected",
        "  hidden files: 7 days; wanted: 14 days",
        "  object lock: none; wanted: 14 days, governance",
    ]
    bucket = account.bucket()
    assert bucket.id_ == id
    assert bucket.default_retention.as_dict() == {
        "mode": "governance",
        "period": {"duration": 14, "unit": "days"},
    }
    account.ensure(hidden_days=14)
    assert account.bucket().default_retention.mode is RetentionMode.NONE


def test_our_bucket_that_somebody_made_public_is_private_again_and_it_is_said(account: Account) -> None:
    account.ensure()
    account.bucket().update(bucket_type="allPublic")
    assert "  it is public (allPublic)" in account.ensure()
    assert account.bucket().type_ == PRIVATE


def test_a_bucket_of_others_is_named_and_left_alone_until_it_is_to_be_adopted(account: Account) -> None:
    account.api.create_bucket(NAME, "allPublic", bucket_info={"team": "sales"})
    with pytest.raises(Refusal, match="was not made by this deployment; nothing was changed") as caught:
        account.ensure()
    assert caught.value.details == (
        "it is public (allPublic)",
        "hidden files: kept for ever; wanted: 7 days",
    )
    assert "backup.bucket.adopt" in caught.value.next_step
    assert account.bucket().type_ == "allPublic"

    account.ensure(adopt=True)
    bucket = account.bucket()
    assert (bucket.type_, bucket.lifecycle_rules) == (PRIVATE, [lifecycle(7)])
    assert bucket.bucket_info == {"team": "sales", OWNER: "prod"}


def test_rules_of_others_are_named_and_not_lost_by_accident(account: Account) -> None:
    account.ensure()
    theirs = {"fileNamePrefix": "tmp/", "daysFromUploadingToHiding": 1, "daysFromHidingToDeleting": 1}
    account.bucket().update(lifecycle_rules=[theirs])
    with pytest.raises(Refusal, match="has rules that this deployment did not make") as caught:
        account.ensure()
    assert caught.value.details == (
        "lifecycle rule of others: prefix 'tmp/', hidden after 1 days, deleted 1 days after",
    )
    assert account.bucket().lifecycle_rules == [theirs]


def test_a_bucket_of_another_environment_is_refused_even_if_it_is_to_be_adopted(account: Account) -> None:
    account.ensure()
    with pytest.raises(Refusal, match="belongs to the environment prod"):
        account.ensure(environment="qa", adopt=True)


def test_a_key_that_may_change_nothing_makes_nothing_and_says_what_is_wrong(account: Account) -> None:
    with pytest.raises(Refusal, match="does not exist"):
        account.ensure(change=False)
    account.api.create_bucket(NAME, PRIVATE)
    with pytest.raises(Refusal, match="its key may not change that") as caught:
        account.ensure(change=False)
    assert caught.value.details == ("hidden files: kept for ever; wanted: 7 days",)
    account.bucket().update(lifecycle_rules=[lifecycle(7)])
    assert account.ensure(change=False) == [f"bucket {NAME}: as it should be"]


def test_a_lock_that_the_key_may_not_see_is_said_not_to_be_looked_at(account: Account) -> None:
    account.ensure()
    account.bucket().update(
        is_file_lock_enabled=True,
        default_retention=BucketRetentionSetting(RetentionMode.COMPLIANCE, RetentionPeriod(days=1)),
    )
    made = account.as_key(*make_key(KEY, account.api))
    looking = replace(WANTED, change=False)
    assert ensure(looking, B2Store(looking, made)) == [
        f"bucket {NAME}: as it should be",
        "  not looked at, since the key may not: object lock (readBucketRetentions)",
    ]


def test_what_the_hosts_key_may_suffices_to_write_and_hide_and_not_to_delete(account: Account) -> None:
    account.ensure()
    # for no bucket: the simulator lets no key write that is for one
    made = account.api.create_key(list(CAPABILITIES), "same-capabilities")
    api = account.as_key(made.id_, made.application_key)
    bucket = api.get_bucket_by_name(NAME)
    stored = bucket.upload_bytes(b"dump", "postgresql/a.backup")
    assert [v.file_name for v, _ in bucket.ls("postgresql/")] == ["postgresql/a.backup"]
    bucket.hide_file("postgresql/a.backup")
    assert list(bucket.ls("postgresql/")) == []

    with pytest.raises(Unauthorized):
        api.delete_file_version(stored.id_, stored.file_name)
    with pytest.raises(Unauthorized):
        bucket.update(bucket_type="allPublic")
    with pytest.raises(Unauthorized):
        api.create_key(list(CAPABILITIES), "more")
    assert account.bucket().get_file_info_by_id(stored.id_).file_name == stored.file_name


def test_the_hosts_key_is_made_for_its_bucket_and_prefix_and_writes_there(account: Account) -> None:
    account.ensure()
    key_id, secret = make_key(KEY, account.api)
    (made,) = [k for k in account.api.list_keys() if k.id_ == key_id]
    assert made.bucket_id == account.bucket().id_
    assert made.name_prefix == "postgresql/"
    account.api.create_bucket("others-bucket", PRIVATE)
    with pytest.raises(RestrictedBucket):
        account.as_key(key_id, secret).get_bucket_by_name("others-bucket")
    assert sorted(made.capabilities) == ["listBuckets", "listFiles", "readFiles", "writeFiles"]


def test_a_key_whose_secret_nobody_got_is_replaced(account: Account) -> None:
    account.ensure()
    first, _ = make_key(KEY, account.api)
    second, _ = make_key(KEY, account.api)
    ours = [k.id_ for k in account.api.list_keys() if k.key_name == KEY.name]
    assert ours == [second] and first != second


@pytest.fixture
def asked(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The programs ask the simulator."""
    account.ensure()
    monkeypatch.setattr(b2, "authorized", lambda key_id, key: account.api)
    return account


def given(monkeypatch: pytest.MonkeyPatch, previous: str = "") -> None:
    from io import StringIO

    monkeypatch.setattr("sys.stdin", StringIO(KEY.text()))
    monkeypatch.setenv(key.PREVIOUS, previous)


def test_the_program_prints_the_key_once_and_the_same_again_when_settings_change(
    asked: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch)
    assert key.main() == 0
    printed = capsys.readouterr().out.strip()
    assert set(json.loads(printed)) == {"id", "key"}
    given(monkeypatch, printed)
    assert key.main() == 0
    assert capsys.readouterr().out.strip() == printed
    assert len([k for k in asked.api.list_keys() if k.key_name == KEY.name]) == 1


def test_a_key_is_deleted_and_that_it_was_gone_is_no_error(
    asked: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.dumps(dict(zip(("id", "key"), make_key(KEY, asked.api), strict=True)))
    given(monkeypatch, made)
    assert forget.main() == 0
    given(monkeypatch, made)
    assert forget.main() == 0
    out = capsys.readouterr().out
    assert "deleted" in out and "was gone already" in out
    assert not [k for k in asked.api.list_keys() if k.key_name == KEY.name]


def test_a_refusal_by_the_provider_is_plain_and_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(key_id: str, key: str) -> Any:
        raise Unauthorized(f"bad key {key}", "unauthorized")

    monkeypatch.setattr(b2, "authorized", refuse)
    given(monkeypatch)
    assert key.main() == 1
    error = capsys.readouterr().err
    assert "key dhanman-prod-1:" in error and "next: check backup.bucket" in error
    assert ADMIN_KEY not in error
