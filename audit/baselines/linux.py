"""Controls of https://github.com/dev-sec/linux-baseline 2.10.0 on files, accounts, mounts and packages."""

from __future__ import annotations

import pytest

from audit.baselines.facts import Facts, control

_VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities"
_CRON = "/etc/crontab /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d"
_WITHOUT_PROGRAMS = ("/boot", "/dev", "/dev/shm", "/tmp", "/var/log", "/var/log/audit", "/var/tmp")
_WITHOUT_SUID = (*_WITHOUT_PROGRAMS, "/home", "/run", "/var")
_WITHOUT_DEVICES = tuple(point for point in _WITHOUT_SUID if point != "/dev")
_FILE_SYSTEMS = ("cramfs", "freevxfs", "jffs2", "hfs", "hfsplus", "squashfs", "udf")
_SUID = (
    *("/usr/bin/rcp", "/usr/bin/rlogin", "/usr/bin/rsh"),
    *("/usr/libexec/openssh/ssh-keysign", "/usr/lib/openssh/ssh-keysign"),
    *("/sbin/netreport", "/usr/sbin/usernetctl", "/usr/sbin/userisdnctl", "/usr/sbin/pppd"),
    *("/usr/bin/lockfile", "/usr/bin/mail-lock", "/usr/bin/mail-unlock", "/usr/bin/mail-touchlock"),
    *("/usr/bin/dotlockfile", "/usr/bin/arping", "/usr/sbin/arping", "/usr/sbin/uuidd", "/usr/bin/mtr"),
    *("/usr/lib/evolution/camel-lock-helper-1.2", "/usr/lib/pt_chown"),
    *("/usr/lib/eject/dmcrypt-get-device", "/usr/lib/mc/cons.saver"),
)
_LOGIN = {
    "UMASK": "027",
    "PASS_MAX_DAYS": "60",
    "PASS_MIN_DAYS": "7",
    "PASS_WARN_AGE": "7",
    "LOGIN_RETRIES": "5",
    "LOGIN_TIMEOUT": "60",
    "UID_MIN": "1000",
    "GID_MIN": "1000",
}


@control("os-01")
def test_no_host_is_trusted_by_its_name(facts: Facts) -> None:
    assert not facts.is_there("/etc/hosts.equiv")


@control("os-02")
def test_hashes_of_passwords_are_for_root_and_the_group_shadow(facts: Facts) -> None:
    assert facts.mode("/etc/shadow") == ("root", "shadow", 0o640)


@control("os-03")
def test_accounts_are_written_by_root_alone(facts: Facts) -> None:
    assert facts.mode("/etc/passwd") == ("root", "root", 0o644)


@control("os-03b")
def test_no_account_has_its_password_in_the_public_file(facts: Facts) -> None:
    assert set(facts.lines("cut -d: -f2 /etc/passwd")) <= {"x", "*"}


@control("os-04")
def test_no_program_is_looked_for_in_the_current_folder(facts: Facts) -> None:
    path = facts.said("bash -lc 'echo \"$PATH\"'").split(":")
    assert path
    assert not {"", "."} & set(path)


@control("os-05")
def test_rules_of_logins_are_strict(facts: Facts) -> None:
    assert facts.mode("/etc/login.defs") == ("root", "root", 0o644)
    found = dict(line.split(None, 1) for line in facts.lines("grep -E '^[A-Z_]+[[:space:]]' /etc/login.defs"))
    assert {name: found.get(name, "").strip() for name in _LOGIN} == _LOGIN


@control("os-06")
def test_no_program_that_needs_no_powers_of_its_owner_has_them(facts: Facts) -> None:
    found = facts.lines("find / -xdev -type f -perm /6000 -print")
    assert found
    assert not set(found) & set(_SUID)


@control("os-07")
def test_no_two_accounts_and_no_two_groups_share_a_number(facts: Facts) -> None:
    for file in ("/etc/passwd", "/etc/group"):
        assert facts.lines(f"cut -d: -f3 {file} | sort | uniq -d") == []


@control("os-09")
def test_nobody_keeps_files_that_let_others_in_or_hold_passwords(facts: Facts) -> None:
    assert facts.lines(r"find / -xdev -maxdepth 3 \( -iname .rhosts -o -iname .netrc \)") == []


@control("os-10")
def test_file_systems_that_nobody_uses_are_not_loaded(facts: Facts) -> None:
    closed = facts.said("cat /etc/modprobe.d/*.conf")
    assert [name for name in _FILE_SYSTEMS if f"install {name} /bin/" not in closed] == []


@control("os-11")
def test_the_folder_of_logs_belongs_to_the_system(facts: Facts) -> None:
    owner, group, _ = facts.mode("/var/log")
    assert (owner, group) in {("root", "root"), ("root", "syslog")}


@control("os-12")
def test_the_processor_has_no_known_hole_that_is_open(facts: Facts) -> None:
    if facts.in_container():
        pytest.skip("the kernel is another machine's")
    open_ones = facts.lines(f"grep -ril '^vulnerable' {_VULNERABILITIES} || true")
    assert open_ones == []


@control("os-13")
def test_schedules_are_for_root_alone(facts: Facts) -> None:
    found = facts.lines(f"for f in {_CRON}; do test ! -e $f || stat --format='%U %04a %n' $f; done")
    assert [line for line in found if not line.startswith("root ") or line.split()[1][2:] != "00"] == []


@control("os-14")
def test_mounts_that_are_for_data_run_no_programs(facts: Facts) -> None:
    assert _without(facts, "noexec", _WITHOUT_PROGRAMS) == []


@control("os-15")
def test_mounts_that_are_for_data_lend_no_powers(facts: Facts) -> None:
    assert _without(facts, "nosuid", _WITHOUT_SUID) == []


@control("os-16")
def test_mounts_that_are_for_data_have_no_devices(facts: Facts) -> None:
    assert _without(facts, "nodev", _WITHOUT_DEVICES) == []


def _without(facts: Facts, option: str, points: tuple[str, ...]) -> list[str]:
    """Mount points that lack an option; a folder that is no mount point is none of them."""
    mounts = dict(line.split() for line in facts.lines("findmnt --noheadings --list --output TARGET,OPTIONS"))
    return [point for point in points if point in mounts and option not in mounts[point].split(",")]


@pytest.mark.parametrize(
    "packages",
    [
        pytest.param(
            ("inetd", "xinetd"), marks=control("package-01", "no server that starts others"), id="inetd"
        ),
        pytest.param(("telnetd",), marks=control("package-02", "no Telnet server"), id="telnet"),
        pytest.param(("rsh-server",), marks=control("package-03", "no rsh server"), id="rsh"),
        pytest.param(("ypserv",), marks=control("package-05", "no NIS server"), id="nis"),
        pytest.param(("tftp-server", "tftpd"), marks=control("package-06", "no TFTP server"), id="tftp"),
        pytest.param(("prelink",), marks=control("package-09", "no prelink"), id="prelink"),
    ],
)
def test_packages_that_open_a_host_are_not_installed(facts: Facts, packages: tuple[str, ...]) -> None:
    assert [package for package in packages if facts.installed(package)] == []


@control("package-08")
def test_auditd_is_installed(facts: Facts) -> None:
    assert facts.installed("auditd")
