"""What Lynis says, and what of it counts."""

from __future__ import annotations

import pytest

from audit.lynis import WAIVED, verdict, without_the_waived

REPORT = """\
warning[]=FIRE-4513|iptables module loaded, but no active rules|-|-|
suggestion[]=BOOT-5122|Set a password on GRUB|-|-|
hardening_index={index}
"""


LOG = """\
2026-11-26 10:00:00 Performing test ID SSH-7402 (Check for running SSH daemon)
2026-11-26 10:00:00 Hardening: assigned maximum number of hardening points for this item (3). Currently having 3 points (out of 3)
2026-11-26 10:00:01 Performing test ID BOOT-5122 (Check for GRUB boot password)
2026-11-26 10:00:01 Hardening: assigned partial number of hardening points (0 of 2). Currently having 3 points (out of 5)
2026-11-26 10:00:02 Performing test ID KRNL-5820 (Checking core dumps configuration)
2026-11-26 10:00:02 Hardening: assigned partial number of hardening points (1 of 2). Currently having 4 points (out of 7)
"""  # noqa: E501 (lines of Lynis' own)


@pytest.mark.parametrize(("index", "passed"), [(1, True), (2, False)])
def test_the_points_of_what_is_not_waived_decide_and_the_whole_index_is_told(
    index: int, passed: bool
) -> None:
    log = LOG if passed else LOG.replace("(1 of 2)", "(0 of 2)")
    said = verdict(REPORT.format(index=index), log)
    rest = 80 if passed else 60
    assert (said.passed, said.found) == (passed, f"{rest}; {index} with it (1 warnings, 1 suggestions)")
    assert said.remarks[0] == "FIRE-4513: iptables module loaded, but no active rules"


def test_what_is_waived_is_told_with_its_reason() -> None:
    said = verdict(REPORT.format(index=70), LOG)
    reason = WAIVED["BOOT-5122"]
    assert said.remarks[1] == f"waived: BOOT-5122: Set a password on GRUB: {reason}"


def test_points_that_a_waived_test_gives_do_not_count_either() -> None:
    assert without_the_waived(LOG.replace("(0 of 2)", "(2 of 2)")) == 80


@pytest.mark.parametrize(("report", "log"), [("os=Linux\n", LOG), (REPORT.format(index=70), "")])
def test_what_did_not_come_to_an_end_is_no_verdict(report: str, log: str) -> None:
    with pytest.raises(ValueError, match="Lynis"):
        verdict(report, log)
