"""What Lynis says, and what of it counts."""

from __future__ import annotations

import pytest

from audit.lynis import WAIVED, verdict

REPORT = """\
warning[]=FIRE-4513|iptables module loaded, but no active rules|-|-|
suggestion[]=BOOT-5122|Set a password on GRUB|-|-|
hardening_index={index}
"""


@pytest.mark.parametrize(("index", "passed"), [(79, False), (80, True)])
def test_the_index_decides_and_what_was_found_is_told(index: int, passed: bool) -> None:
    said = verdict(REPORT.format(index=index))
    assert (said.passed, said.found) == (passed, f"{index} (1 warnings, 1 suggestions)")
    assert said.remarks[0] == "FIRE-4513: iptables module loaded, but no active rules"


def test_what_is_waived_is_told_with_its_reason_and_does_not_raise_the_index() -> None:
    said = verdict(REPORT.format(index=70))
    reason = WAIVED["BOOT-5122"]
    assert said.remarks[1] == f"waived: BOOT-5122: Set a password on GRUB: {reason}"
    assert not said.passed


def test_a_report_without_an_index_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="did not come to an end"):
        verdict("os=Linux\n")
