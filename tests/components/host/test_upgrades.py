"""Security upgrades, and the reboot that they ask for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from components.host import base_unit
from components.unit import File, Service, Unit
from tests.components.host.test_plan import file, prod

WINDOW = "Sun *-*-* 05:00:00"


def units_of(unit: Unit) -> set[str]:
    return {t.unit for t in unit.things if isinstance(t, Service)}


def test_only_security_upgrades_are_installed_and_nothing_reboots_by_apt() -> None:
    path = "/etc/apt/apt.conf.d/52dhanman-unattended-upgrades"
    text = file(base_unit(prod()), path).content
    origins = [line.strip() for line in text.splitlines() if line.strip().startswith('"origin=')]
    assert origins
    assert all("-security" in origin for origin in origins)
    assert 'Automatic-Reboot "false"' in text
    assert "Mail" not in text


def test_upgrades_are_reported_to_the_operator_when_one_is_named() -> None:
    unit = base_unit(prod(operator_email="ops@example.com"))
    text = file(unit, "/etc/apt/apt.conf.d/52dhanman-unattended-upgrades").content
    assert 'Unattended-Upgrade::Mail "ops@example.com";' in text


def test_without_a_window_people_choose_when_a_host_reboots() -> None:
    unit = base_unit(prod())
    assert not [t for t in unit.things if isinstance(t, File) and "reboot" in t.path]
    assert "dhanman-reboot.timer" not in units_of(unit)


def test_in_its_window_a_host_reboots_if_one_is_asked_for_and_only_by_the_timer() -> None:
    unit = base_unit(prod(reboot_window=WINDOW))
    timer = file(unit, "/etc/systemd/system/dhanman-reboot.timer").content.splitlines()
    service = file(unit, "/etc/systemd/system/dhanman-reboot.service").content.splitlines()
    assert f"OnCalendar={WINDOW}" in timer
    assert "Persistent=false" in timer
    assert "ConditionPathExists=/run/reboot-required" in service
    assert "ExecStart=/usr/local/lib/dhanman/hostctl reboot" in service
    assert "WantedBy=multi-user.target" not in service
    assert {"dhanman-reboot.timer"} == {u for u in units_of(unit) if "reboot" in u}


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="apt-config is not on this machine")
def test_apt_reads_the_upgrade_settings_and_drops_the_distribution_s_origins(tmp_path: Path) -> None:
    shipped = tmp_path / "50unattended-upgrades"
    shipped.write_text('Unattended-Upgrade::Origins-Pattern { "origin=Debian,label=Debian"; };\n')
    ours = tmp_path / "52dhanman"
    path = "/etc/apt/apt.conf.d/52dhanman-unattended-upgrades"
    ours.write_text(file(base_unit(prod()), path).content)
    both = tmp_path / "both"
    both.write_text(shipped.read_text() + ours.read_text())
    done = subprocess.run(
        ["apt-config", "dump"],
        env={"APT_CONFIG": str(both), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    patterns = [line for line in done.stdout.splitlines() if "Unattended-Upgrade::Origins-Pattern::" in line]
    assert len(patterns) == 4
    assert not any('"origin=Debian,label=Debian"' in line for line in patterns)
