"""The units that keep a slot's socket for a process on a port: the slot's own copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl import proxy
from hostctl.proxy import Proxy

SERVICE = "dhanman-sales-qa"
CONTENT = {
    f"{SERVICE}@wanted.service.d/port.conf": "[Service]\n",
    f"{SERVICE}-proxy@wanted.socket": "[Socket]\n",
    f"{SERVICE}-proxy@wanted.service": "[Unit]\n",
}


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What systemctl was told."""
    told: list[list[str]] = []
    monkeypatch.setattr(proxy, "run", told.append)
    return told


@pytest.fixture
def blue(tmp_path: Path) -> Proxy:
    """That of a slot, beside the units that it is to get copies of."""
    units = tmp_path / "units"
    for name, text in CONTENT.items():
        (units / name).parent.mkdir(parents=True, exist_ok=True)
        (units / name).write_text(text)
    (tmp_path / "etc/blue").mkdir(parents=True)
    return Proxy(service=SERVICE, slot="blue", units=units, port_file=tmp_path / "etc/blue/port.env")


def test_a_slot_gets_copies_of_the_wanted_units_and_its_port(blue: Proxy, reloads: list[list[str]]) -> None:
    digests = blue.write(6006)
    texts = [path.read_text() for path in blue.files]
    assert texts == ["[Service]\n", "[Socket]\n", "[Unit]\n", "DHANMAN_SLOT_PORT=6006\n"]
    assert {path: state["sha256"] for path, state in blue.observe().items()} == digests
    assert reloads == [["systemctl", "daemon-reload"]]


def test_copies_that_are_there_already_need_no_reload_and_others_do(
    blue: Proxy, reloads: list[list[str]]
) -> None:
    digests = blue.write(6006)
    assert blue.write(6006) == digests
    assert len(reloads) == 1
    (blue.units / f"{SERVICE}-proxy@wanted.socket").write_text("[Socket]\nBacklog=1\n")
    assert blue.write(6006) != digests
    blue.files[0].unlink()
    blue.write(6006)
    assert len(reloads) == 3


def test_what_the_slot_has_does_not_follow_the_wanted_units(blue: Proxy, reloads: list[list[str]]) -> None:
    blue.write(6006)
    for name in CONTENT:
        (blue.units / name).unlink()
    assert [path.exists() for path in blue.files] == [True] * 4


def test_without_a_port_all_of_it_goes_and_nothing_of_the_other_slot(
    blue: Proxy, reloads: list[list[str]], tmp_path: Path
) -> None:
    green = Proxy(service=SERVICE, slot="green", units=blue.units, port_file=tmp_path / "etc/green/port.env")
    green.write(7006)
    blue.write(6006)
    assert blue.write(None) == {}
    assert not blue.exists()
    assert not (blue.units / f"{SERVICE}@blue.service.d").exists()
    assert len(green.observe()) == 4


def test_where_there_is_none_systemd_is_not_asked_to_read_again(
    blue: Proxy, reloads: list[list[str]]
) -> None:
    assert blue.write(None) == {}
    assert blue.observe() == {}
    assert reloads == []


def test_an_undo_brings_back_what_was_there(blue: Proxy, reloads: list[list[str]]) -> None:
    blue.write(6006)
    before = blue.observe()
    (blue.units / f"{SERVICE}-proxy@wanted.socket").write_text("[Socket]\nBacklog=1\n")
    blue.write(6007)
    assert blue.observe() != before
    blue.restore(before)
    assert blue.observe() == before
    blue.restore({})
    assert blue.observe() == {}
