"""Options of what is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.kinds import build
from hostctl.kinds.base import Kind
from hostctl.kinds.mount_options import MountOptions
from tests.hostctl.tools import Tools

LINES = """\
22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
25 22 0:23 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw,inode64
26 25 0:24 / /dev/shm/inside rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel's list of mounts."""
    file = tmp_path / "mountinfo"
    file.write_text(LINES)
    monkeypatch.setattr("hostctl.kinds.mount_options.MOUNTS", file)
    return file


def shared_memory() -> Kind:
    return build({"kind": "mount_options", "path": "/dev/shm", "options": ["nosuid", "nodev", "noexec"]})


def test_what_is_missing_is_told_and_what_is_there_is_enough(mounts: Path) -> None:
    thing = shared_memory()
    assert isinstance(thing, MountOptions)
    assert thing.differs(thing.observe()) == ["without noexec"]
    mounts.write_text(LINES.replace("rw,nosuid,nodev ", "ro,nosuid,nodev,noexec,relatime "))
    assert thing.differs(thing.observe()) == []


def test_the_topmost_mount_is_the_one_that_counts(mounts: Path) -> None:
    mounts.write_text(f"{LINES}27 25 0:25 / /dev/shm rw,nosuid,nodev,noexec - tmpfs tmpfs rw\n")
    thing = shared_memory()
    assert thing.differs(thing.observe()) == []


@pytest.mark.usefixtures("mounts")
def test_a_folder_that_is_no_mount_of_its_own_is_left_alone(tools: Tools) -> None:
    thing = build({"kind": "mount_options", "path": "/var/tmp", "options": ["nosuid"]})
    state = thing.observe()
    assert state == {"options": None}
    assert thing.differs(state) == []
    thing.restore(state)
    assert tools.calls == []


@pytest.mark.usefixtures("mounts")
def test_the_mount_alone_changes_and_what_it_had_stays_and_comes_back(tools: Tools) -> None:
    thing = shared_memory()
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    thing.restore(before)
    assert tools.calls == [
        "mount --options remount,bind,nodev,noexec,nosuid,rw /dev/shm",
        "mount --options remount,bind,rw,nosuid,nodev,exec /dev/shm",
    ]
