"""What is done with a bucket, by what it is like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.backup.bucket.ensure import Found, Refusal, Unreachable, ensure
from tests.components.backup.bucket.test_b2 import WANTED


class Store:
    """A bucket that is like each of ``found``, one after the other."""

    def __init__(self, *found: Found | Exception | None) -> None:
        self._found = list(found)
        self.done: list[str] = []

    def look(self) -> Found | None:
        found = self._found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def create(self) -> None:
        self.done.append("create")

    def correct(self) -> None:
        self.done.append("correct")


OURS = Found(owner="prod")


def test_a_bucket_that_does_not_take_what_is_written_is_not_said_to_be_well() -> None:
    store = Store(None, replace(OURS, differences=("versions: not kept",)))
    with pytest.raises(Refusal, match="was created and is still not as it should be") as caught:
        ensure(WANTED, store)
    assert caught.value.details == ("versions: not kept",)
    assert store.done == ["create", "correct"]


def test_what_was_wrong_and_what_the_store_lacks_is_said() -> None:
    store = Store(replace(OURS, differences=("it is public",)), replace(OURS, not_offered=("tags",)))
    assert ensure(WANTED, store) == [
        "bucket dhanman-backups: corrected",
        "  it is public",
        "  this store does not offer: tags",
    ]


@pytest.mark.parametrize(
    "unseen", ["tags", "lifecycle rules", "versions", "object lock (readBucketRetentions)"]
)
def test_a_key_that_is_to_change_what_it_may_not_read_is_refused(unseen: str) -> None:
    store = Store(replace(OURS, unseen=(unseen,)))
    with pytest.raises(
        Refusal, match="may not read everything of bucket dhanman-backups; nothing was changed"
    ):
        ensure(WANTED, store)
    assert store.done == []


def test_what_does_not_matter_may_stay_unseen() -> None:
    assert ensure(WANTED, Store(replace(OURS, unseen=("access list",)))) == [
        "bucket dhanman-backups: unchanged",
        "  not looked at, since the key may not: access list",
    ]


def test_a_store_that_is_not_there_is_an_error_only_for_who_is_to_change_it() -> None:
    with pytest.raises(Refusal, match="no route") as caught:
        ensure(WANTED, Store(Unreachable("no route")))
    assert "endpoint" in caught.value.next_step
    looking = replace(WANTED, change=False)
    assert ensure(looking, Store(Unreachable("no route"))) == [
        "bucket dhanman-backups: not looked at, since this machine does not reach it: no route"
    ]


def test_a_refusal_ends_with_the_next_step() -> None:
    lines = Refusal("it is public", "close it", ("by its policy",)).lines()
    assert lines == ["error: it is public", "    by its policy", "next: close it"]
