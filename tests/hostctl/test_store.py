from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.store import Store, write_json


def test_what_it_writes_is_for_root_alone(store: Store) -> None:
    store.write_manifest("u", {"a": 1})
    store.write_journal("u", {"a": 1})
    store.keep("toy:a", None)
    assert store.root.stat().st_mode & 0o777 == 0o755
    for folder in ("manifests", "journals", "locks"):
        assert (store.root / folder).stat().st_mode & 0o777 == 0o700
    for file in store.root.rglob("*.json"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_looking_makes_nothing(store: Store) -> None:
    assert store.units() == store.interrupted() == store.registry("kept") == []
    assert (store.manifest("u"), store.journal("u"), store.kept_origins()) == (None, None, {})
    store.forget("u")
    assert not store.root.exists()


def test_a_full_disk_leaves_the_old_file_and_one_plain_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.json"
    write_json(file, 1)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match="No space left"):
        write_json(file, 2)
    assert json.loads(file.read_text()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def _in(store: Store, path: str) -> Path:
    """A place in the store that nothing was written to yet."""
    place = store.root / path
    place.parent.mkdir(parents=True)
    return place


def test_a_lock_that_is_held_names_its_owner_after_the_wait(store: Store) -> None:
    holder = os.open(_in(store, "locks/u"), os.O_RDWR | os.O_CREAT)
    os.write(holder, b'{"pid": 7, "who": "eve from 192.0.2.1", "since": 0}')
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with (
            pytest.raises(HostError, match=r"locked by eve from 192\.0\.2\.1 \(process 7"),
            store.lock("u", wait=0.05),
        ):
            pass
    finally:
        os.close(holder)


def test_a_lock_whose_owner_has_not_written_its_name_yet_is_no_broken_file(store: Store) -> None:
    holder = os.open(_in(store, "locks/u"), os.O_RDWR | os.O_CREAT)
    os.write(holder, b'{"pid": ')
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(HostError, match="locked by somebody"), store.lock("u", wait=0.05):
            pass
    finally:
        os.close(holder)


def test_the_lock_of_a_dead_owner_is_free(store: Store) -> None:
    _in(store, "locks/u").write_text('{"pid": 7}')
    with store.lock("u", wait=0.05):
        assert json.loads((store.root / "locks/u").read_text())["pid"] == os.getpid()


def test_a_broken_manifest_is_named_with_the_next_step(store: Store) -> None:
    path = _in(store, "manifests/u.json")
    path.write_text("{")
    with pytest.raises(HostError, match=str(path)) as failed:
        store.manifest("u")
    assert "move" in failed.value.hint
