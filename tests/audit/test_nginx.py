"""What gixy says, and what of it counts."""

from __future__ import annotations

from audit.nginx import verdict


def _issue(plugin: str, severity: str) -> dict[str, str]:
    return {"plugin": plugin, "severity": severity, "reason": "why", "summary": "what"}


def test_low_issues_pass() -> None:
    assert verdict([]).passed
    assert verdict([_issue("version_disclosure", "LOW")]).passed


def test_high_and_medium_ones_fall_short_and_are_counted() -> None:
    said = verdict([_issue("http_splitting", "HIGH"), _issue("host_spoofing", "MEDIUM")])
    assert (said.passed, said.found) == (False, "1 high, 1 medium")
    assert said.remarks == ["http_splitting: why", "host_spoofing: why"]


def test_a_waived_one_is_named_once_with_its_reason() -> None:
    said = verdict([_issue("try_files_is_evil_too", "MEDIUM")] * 2)
    assert (said.passed, said.found) == (True, "0 high, 0 medium")
    (remark,) = said.remarks
    assert "former front end" in remark
