"""Mounts, core dumps, modules and greetings."""

from __future__ import annotations

import pytest

from components.host import base_unit
from components.unit import File, MountOptions, Service
from tests.components.host.test_plan import file, prod

UNIT = "/etc/systemd/system/dhanman-mounts.service"


def options() -> dict[str, tuple[str, ...]]:
    return {t.path: t.options for t in base_unit(prod()).things if isinstance(t, MountOptions)}


def test_shared_memory_holds_no_programs_and_temporary_files_may() -> None:
    found = options()
    assert found["/dev/shm"] == ("nosuid", "nodev", "noexec")
    assert found["/dev"] == ("nosuid", "noexec")
    # debconf and installers run what they unpack there
    assert "noexec" not in {*found["/tmp"], *found["/var/tmp"]}
    assert "/proc" not in found


def test_what_holds_now_holds_after_a_reboot() -> None:
    unit = base_unit(prod())
    text = file(unit, UNIT).content
    for path, wanted in options().items():
        assert f"mount -o remount,bind,{','.join(wanted)} {path};" in text
    assert [t.running for t in unit.things if isinstance(t, Service) and t.unit in UNIT] == [None]


def test_a_person_s_shell_that_is_idle_ends_and_leaves_nothing_to_others() -> None:
    text = file(base_unit(prod()), "/etc/profile.d/dhanman.sh").content
    assert "readonly TMOUT=" in text
    assert "export" not in text.replace("Not exported", "")
    assert "umask 027" in text


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/etc/security/limits.d/60-dhanman.conf", "*    hard core 0"),
        ("/etc/systemd/coredump.conf.d/60-dhanman.conf", "Storage=none"),
        ("/etc/systemd/system.conf.d/60-dhanman.conf", "DefaultLimitCORE=0"),
        ("/etc/modprobe.d/60-dhanman.conf", "install sctp /bin/false"),
    ],
)
def test_nothing_is_dumped_and_nothing_unused_is_loaded(path: str, line: str) -> None:
    assert line in file(base_unit(prod()), path).content.splitlines()


@pytest.mark.parametrize("path", ["/etc/issue", "/etc/issue.net"])
def test_a_greeting_names_neither_system_nor_version(path: str) -> None:
    text = file(base_unit(prod()), path).content
    assert text.strip()
    assert not [word for word in ("Debian", "Ubuntu", "\\", "Dhanman") if word in text]


def test_a_service_s_own_limits_of_dumps_are_read_without_a_restart() -> None:
    things = [t for t in base_unit(prod()).things if isinstance(t, File) and "system.conf.d" in t.path]
    assert [t.notify for t in things] == [("daemon-reload",)]
