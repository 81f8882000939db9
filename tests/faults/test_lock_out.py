"""Changes that would lock the operator out: each is refused, or taken back by the host itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from components.host.plan import CONFIRM_SECONDS
from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, assert_nothing_half_done, assert_serves, assert_tells

pytestmark = pytest.mark.host

TEMPLATES = "components/host/files"
SSHD = "etc/ssh/sshd_config.d/00-dhanman.conf"
FIREWALL = "etc/dhanman/firewall.nft"
CONFIRMATION = "local-access-over-a-new-connection"


@contextmanager
def edited(world: World, template: str, old: str, new: str) -> Iterator[None]:
    """With another text in a template of the project's copy."""
    path = world.project / TEMPLATES / template
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


def _access(world: World) -> str:
    """All that decides who gets in: files, loaded rules, sshd's port."""
    return world.host.exec(
        f"cat /{SSHD} /{FIREWALL}; nft list table inet dhanman; ss -Htln 'sport = :22'; ss -Htln 'sport = :2222'"
    ).stdout


def _comes_back(world: World, before: str, start: float) -> None:
    """The host takes the change back in time, without a run."""
    while _access(world) != before:
        assert time.monotonic() - start < CONFIRM_SECONDS + 20, "the host did not take the change back"
        time.sleep(0.5)
    assert world.run("true") == ""
    assert_nothing_half_done(world, reverted="access")
    assert_serves(world)


def test_an_sshd_on_another_port_is_taken_back(world: World) -> None:
    before = _access(world)
    with edited(world, SSHD, "PasswordAuthentication no", "Port 2222\nPasswordAuthentication no"):
        start = time.monotonic()
        said = world.up(check=False)
        assert_tells(said, CONFIRMATION, "after 8 failed attempts")
        assert ":2222" in _access(world)
        _comes_back(world, before, start)
    assert_converges(world)
    assert _access(world) == before


@pytest.mark.parametrize("how", ["no rule", "no source"])
def test_a_firewall_that_lets_nobody_in_over_ssh_is_taken_back(world: World, how: str) -> None:
    before = _access(world)
    sources = {"network": {"sshSources": ["192.0.2.0/24"]}}
    with edited(world, FIREWALL, "        tcp dport {{ ssh_port }} accept\n", ""):
        world.configure({} if how == "no rule" else sources)
        start = time.monotonic()
        said = world.up(check=False)
        assert_tells(said, CONFIRMATION, "after 8 failed attempts")
        assert "dport 22 " not in _access(world) or how == "no source"
        _comes_back(world, before, start)
        world.configure({})
    assert_converges(world)
    assert _access(world) == before


def test_a_broken_sshd_configuration_is_refused_before_it_is_in_place(world: World) -> None:
    before = _access(world)
    with edited(world, SSHD, "PasswordAuthentication no", "PasswordAuthentification no"):
        said = world.up(check=False)
        assert_tells(
            said,
            "local-access",
            "validation failed: /usr/sbin/sshd -t",
            "Bad configuration option: PasswordAuthentification",
            "next: correct the setting",
            "now: the previous state was put back",
        )
        assert _access(world) == before
        assert world.run("true") == ""
        assert_nothing_half_done(world)
        # no timer is left that would take something back later
        assert world.host.exec("systemctl list-units --all --no-legend 'dhanman-revert-*'").stdout == ""
    assert_converges(world)
