"""A real host does what the tests of the whole project rely on. Needs root (nspawn) or a container engine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import testbed
from testbed import cgroup, network, ssh
from testbed.errors import TestbedError
from testbed.paths import Clone

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("apt-get") is None, reason="the nspawn driver needs root and apt"
    ),
]


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    patch = pytest.MonkeyPatch()
    # on the disk, not on a tmpfs: layers and hard links to the package cache belong on one file system
    home = Path(__file__).parents[2] / ".local" / f"testbed-of-tests-{os.getpid()}"
    patch.setenv("TESTBED_HOME", str(home))
    patch.setenv("TESTBED_DRIVER", "nspawn")
    yield Clone.current()
    subprocess.run(["python3", "-m", "testbed", "gc"], check=True, cwd=Path(__file__).parents[2])
    shutil.rmtree(home)
    patch.undo()


@pytest.fixture(scope="module")
def host(clone: Clone) -> testbed.Host:
    return testbed.up("alpha")


@pytest.fixture
def outside(clone: Clone) -> str:
    """An address outside the private ranges that differs from the one of another run at the same time."""
    return f"198.51.100.{2 + int(clone.digest, 16) % 250}"


def _connect_seconds(address: str, port: int = 22) -> float:
    started = time.monotonic()
    socket.create_connection((address, port), timeout=5).close()
    return time.monotonic() - started


def test_a_fresh_host_boots_without_a_failed_unit(host: testbed.Host) -> None:
    assert host.run("systemctl --failed --no-legend").stdout == ""
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_a_fresh_host_is_a_bare_server(host: testbed.Host) -> None:
    assert host.run("command -v python3", check=False).returncode != 0
    assert host.run("hostname").stdout.strip() == "alpha"


def test_no_timer_takes_the_package_managers_lock(host: testbed.Host) -> None:
    asked = host.run("systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer", check=False)
    assert asked.stdout.split() == ["disabled", "disabled"]
    assert "apt-daily" not in host.run("systemctl list-timers --no-legend").stdout


def test_the_host_key_is_known_before_the_first_connection(host: testbed.Host) -> None:
    scanned = host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[:2]
    assert " ".join(scanned) == host.host_key


def test_a_running_host_is_found_again(host: testbed.Host) -> None:
    boot = host.run(
        "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic"
    ).stdout
    again = testbed.up("alpha")
    assert again == host
    assert (
        again.run("cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic").stdout
        == boot
    )


def test_another_suite_for_a_host_there_is_is_refused(host: testbed.Host) -> None:
    with pytest.raises(TestbedError, match="alpha is there with forky, not trixie"):
        testbed.up(host.name, suite="trixie")


def test_input_and_status_come_through(host: testbed.Host) -> None:
    assert host.run(["cat", "-"], input="one 'two'\n").stdout == "one 'two'\n"
    with pytest.raises(TestbedError, match=r"(?s)ended with status 7.*went wrong"):
        host.run("echo went wrong >&2; exit 7")


def test_packages_can_be_installed(host: testbed.Host) -> None:
    host.run("apt-get update -q")
    host.run("DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nginx")
    assert host.run("systemctl is-active nginx").stdout.strip() == "active"


def test_a_hard_reboot_keeps_disk_address_and_key(host: testbed.Host) -> None:
    host.run("echo kept > /root/kept && sync")
    started = host.run("systemctl show -P UserspaceTimestampMonotonic").stdout
    host.reboot()
    assert host.run("cat /root/kept").stdout == "kept\n"
    assert host.run("systemctl show -P UserspaceTimestampMonotonic").stdout != started


def test_a_host_that_reboots_itself_comes_back(host: testbed.Host) -> None:
    started = host.exec("systemctl show -P UserspaceTimestampMonotonic").stdout
    host.run("systemctl reboot", check=False)
    assert _eventually(lambda: _differs(host, started)), "the host did not boot again"
    assert host.is_running()


def test_up_waits_for_a_host_that_is_rebooting_itself(host: testbed.Host) -> None:
    host.run("systemctl reboot", check=False)
    assert _eventually(lambda: not _answers(host)), "the host did not go down"
    assert testbed.up("alpha").run("hostname").stdout == "alpha\n"


def test_up_boots_a_host_that_is_powering_itself_off(host: testbed.Host) -> None:
    host.run("systemctl poweroff", check=False)
    assert testbed.up("alpha").run("hostname").stdout == "alpha\n"


def test_finding_a_host_often_does_not_lock_us_out(host: testbed.Host) -> None:
    for _ in range(20):
        testbed.up("alpha")
    assert host.run("hostname").stdout == "alpha\n"


@pytest.mark.parametrize("own", [False, True], ids=["power cut", "reboot of its own"])
def test_firewall_rules_that_nobody_saved_are_gone_after_a_boot(host: testbed.Host, own: bool) -> None:
    host.run("apt-get update -q && apt-get install -y -q nftables && nft add table inet probe")
    if own:
        host.run("systemctl reboot", check=False)
        assert _eventually(lambda: not _answers(host)), "the host did not go down"
        testbed.up("alpha")
    else:
        host.reboot()
    assert host.run("nft list tables").stdout == ""


def test_addresses_and_settings_of_the_network_are_gone_after_a_power_cut(host: testbed.Host) -> None:
    setting = "/proc/sys/net/ipv4/tcp_syncookies"
    before = host.run(f"cat {setting}").stdout
    host.run(f"ip address add 203.0.113.9/32 dev eth0 && echo 2 > {setting}")
    assert host.run(f"cat {setting}").stdout != before
    host.reboot()
    assert "203.0.113.9" not in host.run("ip address").stdout
    assert host.run(f"cat {setting}").stdout == before


def test_a_stopped_host_boots_again_with_its_disk(host: testbed.Host) -> None:
    host.stop()
    assert not host.is_running()
    host.start()
    assert host.run("cat /root/kept").stdout == "kept\n"


def test_a_host_starts_from_the_snapshot_of_another(host: testbed.Host) -> None:
    host.snapshot("base")
    host.run("echo later > /root/later")
    with testbed.up("beta", from_snapshot="base") as other:
        assert other.address != host.address
        assert other.host_key != host.host_key
        assert other.run("cat /root/kept; test ! -e /root/later").stdout == "kept\n"
        assert other.run("systemctl is-active nginx").stdout.strip() == "active"
        other.run("echo mine > /root/kept")
    assert host.run("cat /root/kept").stdout == "kept\n"


def test_a_second_address_is_reached_from_outside_the_private_range(host: testbed.Host, outside: str) -> None:
    near = host.add_address(f"{outside}/24")
    assert near == "198.51.100.1"
    with socket.create_connection((outside, 22), timeout=5) as connection:
        assert connection.getsockname()[0] == near
    host.reboot()
    assert _connect_seconds(outside) < 1


def test_latency_is_the_time_there_and_back(host: testbed.Host, outside: str) -> None:
    host.latency(120)
    assert 0.115 < _connect_seconds(host.address) < 0.4
    assert 0.115 < _connect_seconds(outside) < 0.4
    host.run("apt-get update -q")
    host.latency(0)
    # a busy machine may take a moment of its own for one of them
    assert min(_connect_seconds(host.address) for _ in range(5)) < 0.05


def test_a_cut_host_answers_only_at_the_console(host: testbed.Host) -> None:
    host.cut()
    with pytest.raises(OSError, match=r"timed out|No route"):
        socket.create_connection((host.address, 22), timeout=1)
    assert host.exec("hostname").stdout == "alpha\n"
    host.mend()
    assert host.run("hostname").stdout == "alpha\n"


def test_a_host_that_locked_us_out_still_boots(host: testbed.Host) -> None:
    with testbed.up("gamma") as locked:
        locked.run("echo Port 2222 > /etc/ssh/sshd_config.d/50-port.conf && sync")
        locked.reboot()
        assert _connect_seconds(locked.address, 2222) < 1
        assert locked.exec("systemctl is-system-running").stdout == "running\n"


def test_kernel_settings_of_a_host_stay_in_the_host(host: testbed.Host) -> None:
    setting = Path("/proc/sys/vm/swappiness")
    before = setting.read_text()
    host.exec("echo 3 > /proc/sys/vm/swappiness")
    assert host.exec("cat /proc/sys/vm/swappiness").stdout == "3\n"
    assert setting.read_text() == before


def test_a_destroyed_host_leaves_nothing_behind(clone: Clone) -> None:
    gone = testbed.up("delta")
    gone.latency(20)
    group = cgroup.root() / clone.cgroup("delta")
    pids = _pids_below(group)
    assert pids
    gone.down()
    assert not group.exists()
    assert not [pid for pid in pids if _lives(pid)]
    assert not network.has_namespace(clone.network_namespace("delta"))
    assert not network.has_namespace(clone.delay_namespace("delta"))
    assert not [
        kind for kind in ("tv", "ta", "tz") if Path("/sys/class/net", clone.link(kind, "delta")).exists()
    ]
    assert not clone.host_dir("delta").exists()
    # other clones may come and go meanwhile: only this one's mounts count
    mounts = Path("/proc/mounts").read_text().splitlines()
    assert not [
        line for line in mounts if "delta" in line and (clone.digest in line or str(clone.state) in line)
    ]


def _eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _differs(host: testbed.Host, started: str) -> bool:
    now = host.run("systemctl show -P UserspaceTimestampMonotonic", check=False)
    return now.returncode == 0 and now.stdout != started


def _answers(host: testbed.Host) -> bool:
    return ssh.greets(host.address, host.port)


def _pids_below(group: Path) -> list[int]:
    return [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
