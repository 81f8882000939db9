"""Changes that would lock the operator out: each is refused, or taken back by the host itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from components.host.plan import CONFIRM_SECONDS
from tests.acceptance.world import World
from tests.faults.conditions import assert_converges, assert_nothing_half_done, assert_serves, assert_tells

pytestmark = pytest.mark.host

PLAN = "components/host/plan.py"
SSHD = "etc/ssh/sshd_config.d/00-dhanman.conf"
FIREWALL = "etc/dhanman/firewall.nft"
CONFIRMATION = "local-access-over-a-new-connection"
SOON = 20
"""Seconds instead of the product's, where the same way back was seen in full already."""


@contextmanager
def edited(world: World, file: str, old: str, new: str) -> Iterator[None]:
    """With another text in a file of the project's copy; a path on the host means its template."""
    path = world.project / (file if file == PLAN else f"components/host/files/{file}")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


def soon(world: World) -> AbstractContextManager[None]:
    """With less time until the host takes a change back."""
    return edited(world, PLAN, f"CONFIRM_SECONDS = {CONFIRM_SECONDS}", f"CONFIRM_SECONDS = {SOON}")


def _access(world: World) -> str:
    """All that decides who gets in: files, loaded rules, sshd's port."""
    return world.host.exec(
        f"cat /{SSHD} /{FIREWALL}; nft list table inet dhanman; ss -Htln 'sport = :22'; ss -Htln 'sport = :2222'"
    ).stdout


def _comes_back(world: World, before: str, start: float, seconds: int) -> None:
    """The host takes the change back in time, without a run."""
    while _access(world) != before:
        assert time.monotonic() - start < seconds + 20, "the host did not take the change back"
        time.sleep(0.5)
    assert world.run("true") == ""
    assert_nothing_half_done(world, reverted="access")
    assert_serves(world)


def test_a_firewall_that_lets_only_others_in_is_taken_back_after_a_minute(world: World) -> None:
    before = _access(world)
    world.configure({"network": {"sshSources": ["192.0.2.0/24"]}})
    start = time.monotonic()
    said = world.up(check=False)
    assert_tells(said, CONFIRMATION, "after 8 failed attempts")
    _comes_back(world, before, start, CONFIRM_SECONDS)
    world.configure({})
    assert_converges(world)
    assert _access(world) == before


@pytest.mark.slow
def test_a_firewall_without_a_rule_for_ssh_is_taken_back_and_the_first_that_gets_in_again_is_told(
    world: World,
) -> None:
    before = _access(world)
    with soon(world), edited(world, FIREWALL, "        tcp dport {{ ssh_port }} accept\n", ""):
        start = time.monotonic()
        said = world.up(check=False)
        # the dials last longer than the change does here
        assert_tells(
            said,
            CONFIRMATION,
            "error: access: the change was reverted, since no new connection confirmed it in time",
            "where: unit access on",
            "next: correct the ssh port or the firewall in the settings",
        )
        _comes_back(world, before, start, SOON)
    assert_converges(world)
    assert _access(world) == before


@pytest.mark.slow
def test_an_sshd_on_another_port_is_taken_back(world: World) -> None:
    before = _access(world)
    port = ("PasswordAuthentication no", "Port 2222\nPasswordAuthentication no")
    with soon(world), edited(world, SSHD, *port):
        start = time.monotonic()
        said = world.up(check=False)
        assert_tells(said, CONFIRMATION, "after 8 failed attempts")
        assert ":2222" in _access(world)
        _comes_back(world, before, start, SOON)
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
