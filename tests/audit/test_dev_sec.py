"""What the controls of the baselines say, and what of it counts."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from audit.baselines.facts import declared, directives, settings
from audit.baselines.waived import NOT_ASKED, WAIVED
from audit.dev_sec import BASELINES, Control, controls, ssh_config, verdict

FOLDER = Path(__file__).resolve().parents[2] / "audit/baselines"
REPORT = """\
<testsuites><testsuite>
<testcase name="test_a[ssh://audited]"><properties>
 <property name="control" value="os-01"/><property name="title" value="no host is trusted"/>
</properties>{child}</testcase>
</testsuite></testsuites>
"""
GOOD = Control(number="os-01", title="no host is trusted", outcome="passed")
UNTRUE = Control(number="os-05", title="strict", outcome="failure", said="AssertionError: assert 1 == 2")


def test_a_control_that_holds_is_told_with_its_number_and_title() -> None:
    assert list(controls(REPORT.format(child=""))) == [GOOD]


@pytest.mark.parametrize("kind", ["failure", "error", "skipped"])
def test_what_pytest_says_of_another_one_is_its_first_line(kind: str) -> None:
    child = f'<{kind} message="assert 1 == 2&#10;more">text</{kind}>'
    (found,) = controls(REPORT.format(child=child))
    assert (found.outcome, found.said) == (kind, "assert 1 == 2")


@pytest.mark.parametrize("report", ["", "<testsuite><testcase name='test_a'/></testsuite>"])
def test_a_report_that_is_none_or_has_a_stranger_is_refused(report: str) -> None:
    with pytest.raises(ValueError, match=r"no report|no control"):
        list(controls(report))


def test_what_is_not_waived_falls_short() -> None:
    said = verdict("linux", [GOOD, UNTRUE], {})
    assert (said.passed, said.found) == (False, "1 of 2 controls, 0 waived, 1 fail")
    assert list(said.remarks) == ["os-05: strict: AssertionError: assert 1 == 2"]


def test_what_is_waived_does_not_and_has_its_reason_beside_it() -> None:
    said = verdict("linux", [GOOD, UNTRUE], {"os-05": "nobody has a password"})
    assert (said.passed, said.found) == (True, "1 of 2 controls, 1 waived")
    assert list(said.remarks) == ["waived: os-05: strict: nobody has a password"]


@pytest.mark.parametrize(
    ("outcome", "message"),
    [("error", "AssertionError"), ("failure", "RuntimeError: sshd -T"), ("failure", "KeyError: 'port'")],
)
def test_no_waiver_covers_a_control_that_could_not_be_asked(outcome: str, message: str) -> None:
    broken = Control(number="os-05", title="strict", outcome=outcome, said=message)
    assert not verdict("linux", [GOOD, broken], {"os-05": "nobody has a password"}).passed


def test_a_waiver_that_is_not_needed_is_told() -> None:
    said = verdict("linux", [GOOD], {"os-01": "a reason"})
    assert said.passed
    assert "need not be waived" in said.remarks[0]


def test_what_does_not_apply_to_the_host_does_not_count_and_is_told() -> None:
    skipped = Control(number="os-12", title="the processor", outcome="skipped", said="another machine's")
    said = verdict("linux", [GOOD, skipped], {})
    assert (said.found, list(said.remarks)) == (
        "1 of 1 controls, 0 waived",
        ["not asked: os-12: the processor: another machine's"],
    )


@pytest.mark.parametrize("found", [[], [Control(number="os-12", title="a", outcome="skipped")]])
def test_nothing_asked_is_no_verdict(found: list[Control]) -> None:
    with pytest.raises(ValueError, match="no control was asked"):
        verdict("linux", found)


def test_each_waiver_is_one_of_a_control_that_is_asked() -> None:
    files = chain.from_iterable(BASELINES.values())
    asked = set(re.findall(r'"((?:os|package|sysctl|sshd|ssh|nginx|postgres)-\d+[ab]?)"', _text(*files)))
    assert asked >= WAIVED.keys()
    assert not asked & NOT_ASKED.keys()


@pytest.mark.parametrize(("baseline", "count"), [("linux", 59), ("ssh", 71), ("nginx", 16), ("postgres", 19)])
def test_every_control_of_the_baseline_is_asked_or_has_its_reason(baseline: str, count: int) -> None:
    families = {"linux": "os|package|sysctl", "ssh": "sshd|ssh"}.get(baseline, baseline)
    number = rf"(?:{families})-\d+[ab]?"
    asked = set(re.findall(f'"({number})"', _text(*BASELINES[baseline])))
    left_out = {one for one in NOT_ASKED if re.fullmatch(number, one)}
    assert len(asked | left_out) == count


def _text(*files: str) -> str:
    return "\n".join((FOLDER / file).read_text() for file in files)


def test_the_connection_checks_the_one_host_key_and_is_shared() -> None:
    command = ["ssh", "-F", "none", "-i", "/k", "-p", "2222", "-o", "StrictHostKeyChecking=yes"]
    said = ssh_config([*command, "-o", 'UserKnownHostsFile="/a b"', "testbed@192.0.2.1"], Path("/tmp/c"))
    lines = [line.strip() for line in said.splitlines()]
    assert lines[0] == "Host audited"
    assert {"HostName 192.0.2.1", "User testbed", "Port 2222", "IdentityFile /k"} <= set(lines)
    assert {"StrictHostKeyChecking yes", 'UserKnownHostsFile "/a b"', "ControlPath /tmp/c"} <= set(lines)


def test_the_last_file_that_declares_a_parameter_decides() -> None:
    said = "# /usr/lib/sysctl.d/10.conf\nkernel.sysrq = 1\n# kernel.sysrq = 4\n-kernel.sysrq = 0\n"
    assert declared(said, "kernel.sysrq") == "0"
    assert declared(said, "kernel.sys") is None


def test_settings_keep_all_values_of_a_name() -> None:
    assert settings(["Port 22", "hostkey /a", "HostKey /b"]) == {"port": ["22"], "hostkey": ["/a", "/b"]}


def test_a_directive_is_found_wherever_it_stands_and_over_several_lines() -> None:
    said = "http {\n    send_timeout 10s;\n  # send_timeout 1s;\n    log_format a 'b'\n       'c';\n}"
    assert directives(said, "send_timeout") == ["10s"]
    assert directives(said, "log_format") == ["a 'b' 'c'"]
