"""Kernel parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.base import Kind
from hostctl.kinds.sysctl import Sysctl


@pytest.fixture
def parameter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ip_local_port_range"
    monkeypatch.setattr(Sysctl, "_path", path)
    return path


def _sysctl(value: object) -> Kind:
    return build({"kind": "sysctl", "name": "net.ipv4.ip_local_port_range", "value": value})


def test_its_place_is_its_name_with_slashes() -> None:
    wanted = {"kind": "sysctl", "name": "net.ipv4.tcp_syncookies", "value": 1}
    assert Sysctl(wanted)._path == Path("/proc/sys/net/ipv4/tcp_syncookies")


@pytest.mark.parametrize("text", ["1024\t65000\n", "1024 65000"])
def test_blanks_between_numbers_make_no_difference(parameter: Path, text: str) -> None:
    parameter.write_text(text)
    thing = _sysctl("1024  65000")
    assert thing.differs(thing.observe()) == []


def test_another_value_is_told_written_and_brought_back(parameter: Path) -> None:
    parameter.write_text("1\n")
    thing = _sysctl(2)
    before = thing.observe()
    assert before is not None
    assert thing.differs(before) == ["1 -> 2"]
    thing.apply(before)
    assert thing.differs(thing.observe()) == []
    thing.restore(before)
    assert parameter.read_text() == "1"
    assert not thing.foreign(before)


def test_a_kernel_without_it_differs_and_refuses_in_one_line(parameter: Path) -> None:
    parameter.mkdir()
    thing = _sysctl(2)
    state = thing.observe()
    assert thing.differs(state) == ["None -> 2"]
    with pytest.raises(HostError, match=r"sysctl net\.ipv4\.ip_local_port_range: Is a directory") as refused:
        thing.apply(state)
    assert "remove it from the host's settings" in refused.value.hint
    thing.restore({"value": None})


def test_an_optional_one_that_this_kernel_lacks_or_does_not_let_be_set_is_left_alone(
    parameter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = build({"kind": "sysctl", "name": "kernel.yama.ptrace_scope", "value": "1", "optional": True})
    assert thing.differs(thing.observe()) == []
    parameter.write_text("0")
    monkeypatch.setattr("os.access", lambda path, _mode: path != parameter)
    state = thing.observe()
    assert state == {"value": "0", "settable": False}
    assert thing.differs(state) == []
    thing.restore(state)
    assert parameter.read_text() == "0"


def test_an_optional_one_that_can_be_set_is_set_and_brought_back(parameter: Path) -> None:
    parameter.write_text("0")
    thing = build({"kind": "sysctl", "name": "kernel.yama.ptrace_scope", "value": "1", "optional": True})
    before = thing.observe()
    assert before is not None
    assert thing.differs(before) == ["0 -> 1"]
    thing.apply(before)
    assert parameter.read_text() == "1"
    thing.restore(before)
    assert parameter.read_text() == "0"
