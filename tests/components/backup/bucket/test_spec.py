from __future__ import annotations

from dataclasses import replace

from components.backup.bucket import BucketSpec, Lock
from components.backup.bucket.spec import Wanted, WantedKey

SPEC = BucketSpec(
    kind="s3",
    name="dhanman-backups",
    prefix="postgresql",
    environment="prod",
    hidden_days=7,
    endpoint="https://s3.example.com",
    region="eu-1",
    lock=Lock(days=14, mode="governance"),
    key_id="hostkey",
)


def test_what_is_wanted_travels_as_text() -> None:
    wanted = SPEC.wanted("a", "b")
    assert Wanted.parse(wanted.text()) == wanted
    unlocked = replace(wanted, lock=None)
    assert Wanted.parse(unlocked.text()) == unlocked
    key = WantedKey(name="k", bucket="b", prefix="p", admin_key_id="i", admin_key="s")
    assert WantedKey.parse(key.text()) == key


def test_without_a_key_that_may_change_it_the_bucket_is_only_looked_at() -> None:
    looking = SPEC.wanted("a", "b")
    assert (looking.change, looking.key_id, looking.key) == (False, "hostkey", "a")
    changing = replace(SPEC, admin_key_id="adminkey").wanted("a", "b")
    assert (changing.change, changing.key_id, changing.key) == (True, "adminkey", "b")


def test_whatever_makes_another_key_gives_it_another_name() -> None:
    names = {
        replace(SPEC, **change).key_name for change in ({}, {"name": "x"}, {"prefix": "x"}, {"key_number": 2})
    }
    assert len(names) == 4
    assert replace(SPEC, hidden_days=9, adopt=True).key_name == SPEC.key_name
    assert SPEC.key_name.startswith("dhanman-prod-")


def test_the_deployment_makes_the_key_where_none_is_given() -> None:
    assert not SPEC.makes_key
    assert replace(SPEC, kind="b2", key_id="").makes_key
    assert replace(SPEC, kind="r2", key_id="").makes_key
