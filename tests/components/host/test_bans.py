"""fail2ban: who is banned, from what, for how long, and who never is."""

from __future__ import annotations

import configparser

import pytest

from components.host import Bans, base_unit
from components.host.plan import PACKAGES
from components.host.tunnel import Tunnel
from components.unit import File, Service
from tests.components.host.test_plan import file, prod

JAILS = "/etc/fail2ban/jail.d/dhanman.local"


def jails(**changes: object) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(file(base_unit(prod(**changes)), JAILS).content)
    return parser


def server(**changes: object) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(file(base_unit(prod(**changes)), "/etc/fail2ban/fail2ban.d/dhanman.local").content)
    return parser["DEFAULT"]


def test_only_the_two_jails_are_set_so_that_others_on_an_existing_server_stay() -> None:
    found = jails()
    assert found.sections() == ["sshd", "recidive"]
    assert not found.defaults()
    assert all(found[jail].getboolean("enabled") for jail in found.sections())


@pytest.mark.parametrize("jail", ["sshd", "recidive"])
def test_bans_are_nftables_and_close_ssh_alone(jail: str) -> None:
    found = jails(ssh_port=2222)[jail]
    assert found["banaction"] == "nftables"
    assert found["port"] == "2222"


@pytest.mark.parametrize("jail", ["sshd", "recidive"])
def test_the_host_its_private_ranges_and_named_sources_are_never_banned(jail: str) -> None:
    never = jails(ssh_sources=("203.0.113.0/24", "2001:db8::/32"))[jail]["ignoreip"].split()
    assert never == ["127.0.0.0/8", "::1", "10.0.0.0/8", "203.0.113.0/24", "2001:db8::/32"]


@pytest.mark.parametrize("jail", ["sshd", "recidive"])
def test_who_comes_through_the_tunnel_is_never_banned(jail: str) -> None:
    tunnel = Tunnel(interface="wg", network="10.66.0.0/24", port=51820, peers=())
    assert jails(tunnel=tunnel, private_ranges=())[jail]["ignoreip"] == "127.0.0.0/8 ::1 10.66.0.0/24"


@pytest.mark.parametrize("jail", ["sshd", "recidive"])
def test_who_deploys_is_asked_of_the_program_that_is_there(jail: str) -> None:
    program, address = jails()[jail]["ignorecommand"].split()
    assert address == "<ip>"
    assert file(base_unit(prod()), program).mode == "0755"


def test_the_settings_decide_when_and_each_ban_is_longer_than_the_one_before() -> None:
    found = jails(bans=Bans(max_retry=3, find_time=120, ban_time=900))["sshd"]
    assert [found[key] for key in ("maxretry", "findtime", "bantime")] == ["3", "120", "900"]
    assert found.getboolean("bantime.increment")
    assert found["mode"] == "aggressive"


@pytest.mark.parametrize("ban_time", [3600, 30 * 86400])
def test_what_was_banned_is_remembered_for_longer_than_the_longest_ban(ban_time: int) -> None:
    bans = Bans(ban_time=ban_time)
    longest = int(jails(bans=bans)["sshd"]["bantime.maxtime"])
    assert longest >= ban_time
    assert int(server(bans=bans)["dbpurgeage"]) > longest


def test_the_jail_of_those_who_come_back_reads_what_the_server_writes() -> None:
    assert jails()["recidive"]["logpath"] == server()["logtarget"]


def test_a_broken_configuration_is_refused_before_it_is_in_place_and_a_dead_server_is_noticed() -> None:
    unit = base_unit(prod())
    assert ("fail2ban-client", "-t") in [validation.argv for validation in unit.validations]
    (check,) = unit.checks
    assert check.to_json()["argv"] == ("fail2ban-client", "status", "sshd")


def test_it_comes_with_what_it_reads_the_journal_with_and_runs_in_a_sandbox() -> None:
    assert {"fail2ban", "python3-systemd", "nftables"} <= set(PACKAGES)
    unit = base_unit(prod())
    assert [t for t in unit.things if isinstance(t, Service) and t.unit == "fail2ban.service"]
    sandbox = file(unit, "/etc/systemd/system/fail2ban.service.d/dhanman.conf")
    assert "ProtectSystem=strict" in sandbox.content.splitlines()
    assert "restart fail2ban.service" in sandbox.notify


def test_a_changed_jail_is_reloaded_which_keeps_bans() -> None:
    changed = [t for t in base_unit(prod()).things if isinstance(t, File) and t.path == JAILS]
    assert [t.notify for t in changed] == [("reload fail2ban.service",)]
