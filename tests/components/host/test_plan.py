"""What a server gets before anything of Dhanman runs on it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from components.host import HostSpec, access_unit, base_unit
from components.host.tunnel import Tunnel
from components.naming import HOSTCTL
from components.unit import Directory, File, Firewall, Service, Unit


def prod(**changes: object) -> HostSpec:
    """The document's server, with changes."""
    values: dict[str, object] = {"environments": ("prod",), "memory": 16 << 30, "cores": 8}
    return HostSpec(**(values | changes))  # type: ignore[arg-type]


def file(unit: Unit, path: str) -> File:
    """The unit's file at this path."""
    return next(thing for thing in unit.things if isinstance(thing, File) and thing.path == path)


def firewall(**changes: object) -> str:
    """The firewall's text for a server with these settings."""
    return file(access_unit(prod(**changes)), "/etc/dhanman/firewall.nft").content


def test_databases_and_broker_are_open_to_private_ranges_alone() -> None:
    lines = [line.strip() for line in firewall().splitlines() if "5432" in line]
    assert lines == ["ip saddr 10.0.0.0/8 tcp dport { 5432, 5672, 15672 } accept"]


def test_without_private_ranges_internal_ports_stay_closed() -> None:
    assert "5432" not in firewall(private_ranges=())


def test_out_of_a_tunnel_internal_ports_are_reached_and_its_own_port_by_the_other_hosts_alone() -> None:
    tunnel = Tunnel(
        interface="dhanman", network="10.66.0.0/24", port=51820, peers=("192.0.2.20", "2001:db8::20")
    )
    lines = [line.strip() for line in firewall(tunnel=tunnel, private_ranges=()).splitlines()]
    assert [line for line in lines if "51820" in line] == [
        "ip saddr 192.0.2.20/32 udp dport 51820 accept",
        "ip6 saddr 2001:db8::20/128 udp dport 51820 accept",
    ]
    assert [line for line in lines if "5432" in line] == [
        'iifname "dhanman" ip saddr 10.66.0.0/24 tcp dport { 5432, 5672, 15672 } accept'
    ]


def test_ssh_is_open_to_everyone_unless_sources_are_named() -> None:
    assert "        tcp dport 22 accept" in firewall().splitlines()
    restricted = firewall(ssh_sources=("203.0.113.0/24", "2001:db8::/32"))
    assert "        tcp dport 22 accept" not in restricted.splitlines()
    assert "ip saddr 203.0.113.0/24 tcp dport 22 accept" in restricted
    assert "ip6 saddr 2001:db8::/32 tcp dport 22 accept" in restricted


def test_the_firewall_follows_another_ssh_port() -> None:
    text = firewall(ssh_port=2222)
    assert "tcp dport 2222 accept" in text
    assert "dport 22 " not in text


def test_the_former_table_goes_in_the_same_transaction_as_the_new_one_comes() -> None:
    rules = [
        line for line in firewall().splitlines() if "table inet dhanman" in line and not line.startswith("#")
    ]
    assert rules == ["table inet dhanman", "delete table inet dhanman", "table inet dhanman {"]


def test_the_firewall_is_loaded_and_compared_from_one_file() -> None:
    unit = access_unit(prod())
    (loaded,) = [thing for thing in unit.things if isinstance(thing, Firewall)]
    assert file(unit, loaded.path).notify == ("reload dhanman-firewall.service",)
    assert loaded.path in file(unit, "/etc/systemd/system/dhanman-firewall.service").content


def test_access_is_taken_back_unless_it_is_confirmed() -> None:
    assert access_unit(prod()).arm == 60
    assert base_unit(prod()).arm is None


def test_sshd_reads_our_values_before_those_of_cloud_init() -> None:
    paths = [t.path for t in access_unit(prod()).things if isinstance(t, File)]
    (drop_in,) = [path for path in paths if path.startswith("/etc/ssh/sshd_config.d/")]
    assert drop_in < "/etc/ssh/sshd_config.d/50-cloud-init.conf"


def test_root_is_let_in_by_key_only_where_it_is_who_deploys() -> None:
    text = file(access_unit(prod(deploy_user="root")), "/etc/ssh/sshd_config.d/00-dhanman.conf").content
    values = [line for line in text.splitlines() if line.startswith("PermitRootLogin")]
    assert values == ["PermitRootLogin prohibit-password"]


@pytest.mark.parametrize(
    "line",
    [
        "PasswordAuthentication no",
        "PermitRootLogin no",
        "MaxStartups 60:30:200",
        "LogLevel VERBOSE",
    ],
)
def test_sshd_takes_keys_alone_and_many_connections_at_once(line: str) -> None:
    text = file(access_unit(prod()), "/etc/ssh/sshd_config.d/00-dhanman.conf").content
    assert line in text.splitlines()


def test_each_environment_gets_its_own_folders() -> None:
    unit = base_unit(prod(environments=("prod", "qa")))
    paths = {thing.path for thing in unit.things if isinstance(thing, Directory)}
    for environment in ("prod", "qa"):
        assert {
            f"/var/www/{environment}",
            f"/opt/dhanman/{environment}",
            f"/var/log/dhanman/{environment}",
        } <= paths


def test_logs_are_closed_to_everyone_but_group_adm() -> None:
    unit = base_unit(prod())
    directories = {t.path: t for t in unit.things if isinstance(t, Directory)}
    logs = directories["/var/log/dhanman/prod"]
    assert (logs.mode, logs.owner, logs.group) == ("0750", "root", "adm")


def test_the_clock_is_not_waited_for_in_a_container() -> None:
    unit = base_unit(prod())
    services = {t.unit: t for t in unit.things if isinstance(t, Service)}
    clock = services["systemd-timesyncd.service"]
    assert clock.enabled is True
    assert clock.running is None


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize(
    "name",
    [
        "dhanman-firewall.service",
        "dhanman-logrotate.timer",
        "dhanman-mounts.service",
        "dhanman-reboot.service",
        "dhanman-reboot.timer",
    ],
)
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    spec = prod(reboot_window="Sun *-*-* 05:00:00")
    path = f"/etc/systemd/system/{name}"
    unit = access_unit(spec) if "firewall" in name else base_unit(spec)
    (tmp_path / name).write_text(
        file(unit, path).content.replace("/usr/sbin/nft", "/bin/true").replace(HOSTCTL, "/bin/true")
    )
    if name.endswith(".timer"):
        (tmp_path / name.replace(".timer", ".service")).write_text(
            "[Service]\nType=oneshot\nExecStart=/bin/true\n"
        )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Unknown key" not in done.stderr
