"""What is closed on a host, and that what serves goes on; and the reboot, which waits for whoever is at work."""

from __future__ import annotations

import shlex

import pytest

from components.host.kernel import KERNEL_PARAMETERS
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import World
from tests.faults.conditions import assert_serves

pytestmark = pytest.mark.host

WINDOW = {"hosts": {"local": {"rebootWindow": "Sun 05:00"}}}
REBOOT = "dhanman-reboot.service"
LOCK = "/var/lib/dhanman/locks/base"


def options(world: World, path: str) -> set[str]:
    return set(world.run(f"findmnt --noheadings --output VFS-OPTIONS --mountpoint {path}").strip().split(","))


def test_shared_memory_runs_no_program_and_postgresql_works_in_it(world: World) -> None:
    assert {"nosuid", "nodev", "noexec"} <= options(world, "/dev/shm")
    refused = world.host.run(
        "cp /bin/true /dev/shm/program && /dev/shm/program; status=$?; rm /dev/shm/program; exit $status",
        check=False,
    )
    assert refused.returncode == 126
    # a query of several processes shares memory by POSIX's calls
    parallel = "SET debug_parallel_query = on; SHOW dynamic_shared_memory_type; SELECT count(*) FROM pg_class"
    said = world.run(f'cd / && sudo -u postgres psql -XAtq -d postgres -c "{parallel}"').split()
    assert said[0] == "posix"
    assert int(said[1]) > 100


def test_a_login_shell_ends_when_it_is_idle_and_dumps_nothing(world: World) -> None:
    asked = "echo $TMOUT; ulimit -c; umask; bash -c 'echo [$TMOUT]'"
    shells = {
        user: world.run(f"runuser -u {user} -- bash -lc {shlex.quote(asked)}").split()
        for user in ("root", "deploy")
    }
    assert shells == {"root": ["3600", "0", "0022", "[]"], "deploy": ["3600", "0", "0027", "[]"]}


def test_devices_are_no_programs(world: World) -> None:
    assert {"nosuid", "noexec"} <= options(world, "/dev")


def test_every_parameter_of_the_kernel_is_as_wanted(world: World) -> None:
    names = " ".join(f"/proc/sys/{p.name.replace('.', '/')}" for p in KERNEL_PARAMETERS)
    said = world.run(f"for file in {names}; do echo $(cat $file 2>/dev/null); done").splitlines()
    found = dict(zip([p.name for p in KERNEL_PARAMETERS], said, strict=True))
    wanted = {p.name: p.value for p in KERNEL_PARAMETERS if found[p.name] or not p.optional}
    assert {name: found[name] for name in wanted} == wanted


def test_no_service_leaves_a_core_dump_with_what_is_in_its_memory(world: World) -> None:
    assert world.run(f"systemctl show {world.slot('sales')} -p LimitCORE --value").strip() == "0"


def test_fail2ban_is_closed_in(world: World) -> None:
    assert world.exposure("fail2ban.service") <= 4.0


def test_in_its_window_a_host_waits_for_whoever_is_at_work(world: World) -> None:
    with world.changed(WINDOW):
        world.up()
        assert "dhanman-reboot.service" in world.run(
            "systemctl list-timers --all --no-pager dhanman-reboot.timer"
        )
        world.run(f"systemctl start {REBOOT}")
        assert world.run(f"systemctl show {REBOOT} -p ConditionResult --value").strip() == "no"
        boot = world.run("cat /proc/sys/kernel/random/boot_id; systemctl show -p KernelTimestampMonotonic")
        try:
            world.run(f"systemd-run --quiet --unit=at-work flock {LOCK} sleep 60")
            world.wait_for(f"! flock --nonblock {LOCK} true", 10)
            world.run(f"touch /run/reboot-required && systemctl start --no-block {REBOOT}")
            world.wait_for(f"journalctl -q -u {REBOOT} | grep -q 'waiting: hostctl is at work (base)'", 20)
            assert world.run(f"systemctl show {REBOOT} -p ActiveState --value").strip() == "activating"
        finally:
            world.run(f"rm -f /run/reboot-required; systemctl stop {REBOOT} at-work; systemctl reset-failed")
        assert boot == world.run(
            "cat /proc/sys/kernel/random/boot_id; systemctl show -p KernelTimestampMonotonic"
        )


@pytest.mark.slow
def test_in_its_window_a_host_reboots_and_is_as_it_was(converged_world: ConvergedWorld) -> None:
    world = converged_world("reboots", WINDOW)
    started = world.host.exec("systemctl show -p UserspaceTimestamp --value").stdout
    # nobody has been at work for a while
    world.run("touch -d '10 minutes ago' /var/lib/dhanman/locks/* /var/lib/dhanman/manifests/*")
    world.run(f"touch /run/reboot-required; systemctl start --no-block {REBOOT}")
    world.wait_for(f"test \"$(systemctl show -p UserspaceTimestamp --value)\" != '{started.strip()}'", 90)
    world.wait_for("systemctl is-system-running --wait >/dev/null; systemctl is-active -q fail2ban nginx", 90)
    assert {"nosuid", "nodev", "noexec"} <= options(world, "/dev/shm")
    assert_serves(world)
    assert world.drift() == []
    assert "rebooting" in world.run(f"journalctl -q -b -1 -u {REBOOT} || journalctl -q -u {REBOOT}")
