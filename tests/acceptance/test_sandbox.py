"""What runs as a server on the host is closed in by systemd, and works in there."""

from __future__ import annotations

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

NGINX = "nginx.service"
POSTGRESQL = "postgresql@18-main.service"
RABBITMQ = "rabbitmq-server.service"
SERVERS = (NGINX, POSTGRESQL, RABBITMQ)


@pytest.mark.parametrize("service", ["common", "community", "inventory", "payroll", "purchase", "sales"])
def test_a_service_is_exposed_by_1_5_at_most(world: World, service: str) -> None:
    assert world.exposure(world.slot(service)) <= 1.5


@pytest.mark.parametrize("unit", SERVERS)
def test_a_server_is_exposed_by_4_at_most(world: World, unit: str) -> None:
    assert world.exposure(unit) <= 4.0


@pytest.mark.parametrize("unit", SERVERS)
def test_the_process_that_runs_is_in_the_sandbox_and_not_only_its_unit(world: World, unit: str) -> None:
    status = world.run(f"cat /proc/$(systemctl show {unit} -p MainPID --value)/status")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


@pytest.mark.parametrize("unit", [POSTGRESQL, RABBITMQ])
def test_a_server_with_a_user_of_its_own_has_none_of_roots_powers(world: World, unit: str) -> None:
    status = world.run(f"cat /proc/$(systemctl show {unit} -p MainPID --value)/status")
    assert "CapBnd:\t0000000000000000" in status
    assert "Uid:\t0" not in status


@pytest.mark.parametrize("unit", SERVERS)
def test_a_server_can_write_no_program_and_no_configuration(world: World, unit: str) -> None:
    enter = f"nsenter --mount --target $(systemctl show {unit} -p MainPID --value)"
    for folder in ("/usr/local/bin", "/etc/dhanman"):
        refused = world.host.run(f"{enter} touch {folder}/written", check=False)
        assert "Read-only file system" in refused.stderr
