"""Kernel parameters: what is written down for the next boot is what runs, each with its reason."""

from __future__ import annotations

import pytest

from components.host import base_unit
from components.host.kernel import KERNEL_PARAMETERS
from components.unit import Sysctl
from tests.components.host.test_plan import file, prod


def test_every_kernel_parameter_survives_a_reboot_and_says_why() -> None:
    unit = base_unit(prod())
    text = file(unit, "/etc/sysctl.d/60-dhanman.conf").content
    running = {thing.name: thing.value for thing in unit.things if isinstance(thing, Sysctl)}
    assert running == {parameter.name: parameter.value for parameter in KERNEL_PARAMETERS}
    for parameter in KERNEL_PARAMETERS:
        name = f"-{parameter.name}" if parameter.optional else parameter.name
        assert f"# {parameter.reason}\n{name} = {parameter.value}\n" in text


def test_no_parameter_is_named_twice() -> None:
    names = [parameter.name for parameter in KERNEL_PARAMETERS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("prefix", ["kernel.", "dev.", "fs.protected_", "net.ipv6.", "net.core.bpf_"])
def test_what_a_container_or_a_smaller_kernel_may_lack_stops_no_host(prefix: str) -> None:
    found = [p for p in KERNEL_PARAMETERS if p.name.startswith(prefix)]
    assert found
    assert all(parameter.optional for parameter in found)
    things = {t.name: t for t in base_unit(prod()).things if isinstance(t, Sysctl)}
    assert all(things[parameter.name].optional for parameter in found)


def test_a_program_that_listens_needs_no_optional_parameter() -> None:
    needed = {parameter.name for parameter in KERNEL_PARAMETERS if not parameter.optional}
    assert {"net.core.somaxconn", "fs.inotify.max_user_instances"} <= needed


def test_modules_can_still_be_loaded_since_nftables_loads_its_own() -> None:
    assert "kernel.modules_disabled" not in {parameter.name for parameter in KERNEL_PARAMETERS}
