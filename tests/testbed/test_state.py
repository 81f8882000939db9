from __future__ import annotations

from pathlib import Path

import pytest

from testbed import disk, ssh, state
from testbed.errors import TestbedError
from testbed.paths import Clone
from testbed.state import Disk, HostRecord, Snapshot


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(state=tmp_path / "state with space").prepared()


def _record(name: str = "web", port: int = 22, layers: list[str] | None = None) -> HostRecord:
    laid = Disk(suite="trixie", image="/cache/root", hostname=name, layers=layers or [])
    return HostRecord(
        name=name, driver="nspawn", address="10.77.0.11", port=port, host_key="ssh-ed25519 AAAA", disk=laid
    )


def test_a_host_is_read_back_as_it_was_written(clone: Clone) -> None:
    state.save_host(clone, _record())
    assert state.find_host(clone, "web") == _record()
    assert state.all_hosts(clone) == [_record()]


def test_a_missing_host_names_the_next_step(clone: Clone) -> None:
    with pytest.raises(TestbedError, match="python3 -m testbed up web"):
        state.get_host(clone, "web")


def test_a_damaged_record_names_its_file(clone: Clone) -> None:
    clone.host_dir("web").mkdir()
    (clone.host_dir("web") / "host.json").write_text("{")
    with pytest.raises(TestbedError, match=r"host\.json is damaged"):
        state.find_host(clone, "web")


def test_a_layer_lives_as_long_as_a_host_or_a_snapshot_lies_on_it(clone: Clone) -> None:
    for name in ("hosts", "kept", "stale"):
        (clone.layers / name).mkdir()
    state.save_host(clone, _record(layers=["hosts"]))
    kept = Disk(suite="trixie", image="/cache/root", hostname="web", layers=["kept"])
    state.save_snapshot(clone, Snapshot(name="base", driver="nspawn", disk=kept))
    disk.sweep(clone)
    assert sorted(path.name for path in clone.layers.iterdir()) == ["hosts", "kept"]


def test_freezing_puts_an_empty_layer_over_the_former_one(clone: Clone) -> None:
    upper = disk.new_layer(clone, "web")
    (upper / "marker").write_text("kept")
    frozen = disk.freeze(clone, _record(layers=["older"]))
    assert frozen.layers[1:] == ["older"]
    assert (clone.layers / frozen.layers[0] / "marker").read_text() == "kept"
    assert list(upper.iterdir()) == []


def test_the_host_key_is_checked_and_the_users_configuration_left_out(clone: Clone) -> None:
    state.save_host(clone, _record(port=2222))
    command = ssh.command(clone, _record(port=2222))
    known = clone.host_dir("web") / "known_hosts"
    assert known.read_text() == "[10.77.0.11]:2222 ssh-ed25519 AAAA\n"
    assert command[:3] == ["ssh", "-F", "none"]
    assert "StrictHostKeyChecking=yes" in command
    assert f'UserKnownHostsFile="{known}"' in command
    assert command[-1] == "testbed@10.77.0.11"
