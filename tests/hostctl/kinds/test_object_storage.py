"""Buckets and keys, against a server that answers as versitygw does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostctl import kinds
from hostctl.errors import HostError, StillNeeded
from hostctl.kinds.base import Kind
from hostctl.object_servers import policy, same
from tests.hostctl.storage_server import ROOT, Storage, storage_server

SECRET = "not-a-real-secret"
KEY = "dhanman-sales-qa"
BUCKET = "qa-dhanman-sales"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    (tmp_path / "root.env").write_text(f"ROOT_ACCESS_KEY={ROOT[0]}\nROOT_SECRET_KEY={ROOT[1]}\n")
    (tmp_path / "data").mkdir()
    with storage_server(tmp_path) as made:
        yield made


def described(storage: Storage, folder: Path) -> dict[str, Any]:
    return {
        "kind": "versitygw",
        "port": storage.port,
        "credentials": str(folder / "root.env"),
        "data": str(folder / "data"),
        "admin": storage.socket,
    }


@pytest.fixture
def key(storage: Storage, tmp_path: Path) -> Kind:
    server = described(storage, tmp_path)
    return kinds.build({"kind": "object_key", "name": KEY, "password": SECRET, "server": server})


@pytest.fixture
def bucket(storage: Storage, tmp_path: Path) -> Kind:
    server = described(storage, tmp_path)
    return kinds.build({"kind": "object_bucket", "name": BUCKET, "access_key": KEY, "server": server})


def test_a_key_is_made_tried_and_then_left_alone(key: Kind, storage: Storage) -> None:
    state = key.observe()
    assert key.differs(state) == ["missing"]
    key.apply(state)
    assert storage.users == {KEY: SECRET}
    assert "GET /" in storage.asked
    assert key.differs(key.observe()) == []


def test_a_secret_that_was_changed_is_noticed_with_and_without_knowing_it(
    key: Kind, storage: Storage
) -> None:
    key.apply(key.observe())
    recalled = kinds.recall({"kind": "object_key", "record": key.record()})
    assert SECRET not in str(key.record())
    assert recalled.differs(recalled.observe()) == []
    storage.users[KEY] = "changed-by-hand"
    assert key.differs(key.observe()) == ["secret"]
    assert recalled.differs(recalled.observe()) == ["secret"]


def test_an_undone_change_brings_the_former_secret_back_and_an_undone_key_goes(
    key: Kind, storage: Storage
) -> None:
    absent = key.observe()
    storage.users[KEY] = "former"
    state = key.observe()
    assert state is not None and absent is not None
    assert key.foreign(state)
    key.apply(state)
    key.restore(state)
    assert storage.users == {KEY: "former"}
    key.remove(absent)
    assert storage.users == {}


def test_a_bucket_is_private_keeps_versions_and_is_open_to_its_key_alone(
    bucket: Kind, storage: Storage
) -> None:
    state = bucket.observe()
    assert bucket.differs(state) == ["missing"]
    bucket.apply(state)
    assert storage.versioning == {BUCKET: "Enabled"}
    statements = storage.policies[BUCKET]["Statement"]
    assert {tuple(s["Principal"]["AWS"]) for s in statements} == {(KEY,)}
    actions = {action for s in statements for action in s["Action"]}
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} <= actions
    # a stolen key must not reach what was there before it was stolen
    versions = {
        "s3:GetObjectVersion",
        "s3:DeleteObjectVersion",
        "s3:PutBucketVersioning",
        "s3:PutBucketPolicy",
    }
    assert not actions & versions
    assert bucket.differs(bucket.observe()) == []


@pytest.mark.parametrize(
    ("hand", "words"),
    [
        (lambda s: s.versioning.update({BUCKET: "Suspended"}), "former versions are not kept"),
        (lambda s: s.policies.pop(BUCKET), f"rights of {KEY}"),
        (lambda s: s.policies[BUCKET]["Statement"].pop(), f"rights of {KEY}"),
    ],
)
def test_what_was_changed_on_a_bucket_is_named_and_put_right(
    bucket: Kind, storage: Storage, hand: Any, words: str
) -> None:
    bucket.apply(bucket.observe())
    hand(storage)
    state = bucket.observe()
    assert bucket.differs(state) == [words]
    bucket.apply(state)
    assert bucket.differs(bucket.observe()) == []


def test_an_undone_bucket_goes_if_it_is_empty_and_stays_if_it_is_not(bucket: Kind, storage: Storage) -> None:
    absent = bucket.observe()
    assert absent is not None
    bucket.apply(absent)
    storage.objects[BUCKET].append(("letter", "1", b"text"))
    bucket.restore(absent)
    assert BUCKET in storage.objects
    storage.objects[BUCKET].clear()
    bucket.restore(absent)
    assert storage.objects == {}


def test_a_bucket_is_data_and_its_deletion_takes_every_version(bucket: Kind, storage: Storage) -> None:
    absent = bucket.observe()
    assert absent is not None
    assert bucket.data
    bucket.apply(absent)
    storage.objects[BUCKET] += [("letter", "1", b"old"), ("letter", "2", b"new")]
    bucket.remove(absent)
    assert storage.objects == {}


def test_a_silent_server_is_unknown_and_not_empty(
    key: Kind, bucket: Kind, storage: Storage, tmp_path: Path
) -> None:
    Path(storage.socket).unlink()
    storage.refuses.add("GET")
    for thing in (key, bucket):
        assert thing.observe() is None
        assert thing.differs(None) == ["the object storage does not answer"]
        with pytest.raises(HostError, match="does not answer"):
            thing.apply(None)
    with pytest.raises(StillNeeded):
        key.remove({"present": False, "secret": None, "accepted": False})


def test_before_there_is_any_data_nothing_is_there(key: Kind, bucket: Kind, tmp_path: Path) -> None:
    (tmp_path / "data").rmdir()
    assert key.differs(key.observe()) == ["missing"]
    assert bucket.differs(bucket.observe()) == ["missing"]


def test_policies_are_compared_by_what_they_say() -> None:
    wanted = policy(BUCKET, None)
    shuffled = {**wanted, "ID": "", "Statement": [{**s, "Sid": "x", "Action": s["Action"][::-1]} for s in
                                                  wanted["Statement"][::-1]]}  # fmt: skip
    assert same(shuffled, wanted)
    assert not same(policy("other", None), wanted)
    assert not same(None, wanted)
