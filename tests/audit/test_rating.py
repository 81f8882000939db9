"""What testssl.sh says, and what of it counts."""

from __future__ import annotations

import pytest

from audit.rating import verdict


def _finding(name: str, text: str, severity: str = "OK") -> dict[str, str]:
    return {"id": name, "finding": text, "severity": severity}


def test_the_best_grade_passes() -> None:
    assert verdict("a.test", [_finding("HSTS", "730 days"), _finding("overall_grade", "A+")]).passed


def test_a_lower_grade_falls_short_and_says_what_caps_it() -> None:
    said = verdict(
        "a.test",
        [
            _finding("overall_grade", "A", "LOW"),
            _finding("grade_cap_reason_1", "Grade capped to A. HSTS is not offered", "INFO"),
        ],
    )
    assert (said.passed, said.found) == (False, "A")
    assert said.remarks == ["Grade capped to A. HSTS is not offered"]


@pytest.mark.parametrize("severity", ["HIGH", "CRITICAL"])
def test_a_grave_finding_falls_short_whatever_the_grade(severity: str) -> None:
    said = verdict("a.test", [_finding("overall_grade", "A+"), _finding("BREACH", "vulnerable", severity)])
    assert (said.passed, said.remarks) == (False, ["BREACH: vulnerable"])


@pytest.mark.parametrize("severity", ["LOW", "MEDIUM", "WARN", "INFO"])
def test_a_lighter_finding_does_not(severity: str) -> None:
    assert verdict("a.test", [_finding("overall_grade", "A+"), _finding("DNS_CAA", "none", severity)]).passed


def test_no_grade_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="no grade"):
        verdict("a.test", [_finding("HSTS", "730 days")])


def test_that_a_local_authority_revokes_nothing_is_waived_with_its_reason() -> None:
    said = verdict("a.test", [_finding("overall_grade", "A+"), _finding("cert_revocation", "no URI", "HIGH")])
    assert said.passed
    assert said.remarks[0].startswith("waived: cert_revocation: ")
