"""What the page may load and call."""

from __future__ import annotations

from components.frontend.headers import content_security_policy, page_headers


def _directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split(" ") for part in policy.split("; "))
    return {name: sources for name, *sources in parts}


def test_nothing_is_allowed_that_is_not_named_and_no_script_of_others_or_in_the_page() -> None:
    found = _directives(content_security_policy(["sales.dhanman.com"], {}))
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == ["'self'"]
    assert "object-src" not in found, "it follows default-src"


def test_calls_go_to_the_services_over_tls_alone() -> None:
    found = _directives(content_security_policy(["a.dhanman.com", "b.dhanman.com"], {}))
    assert found["connect-src"] == [
        "'self'",
        "https://a.dhanman.com",
        "wss://a.dhanman.com",
        "https://b.dhanman.com",
        "wss://b.dhanman.com",
    ]


def test_own_sources_take_the_place_of_a_directive_and_none_leaves_it_out() -> None:
    own = {"font-src": ["https://fonts.gstatic.com"], "worker-src": [], "frame-src": ["https://pay.example"]}
    found = _directives(content_security_policy([], own))
    assert found["font-src"] == ["https://fonts.gstatic.com"]
    assert "worker-src" not in found
    assert found["frame-src"] == ["https://pay.example"]


def test_a_policy_that_only_reports_refuses_nothing() -> None:
    enforced, reported = page_headers([], {}, report_only=False), page_headers([], {}, report_only=True)
    assert "Content-Security-Policy" in enforced
    assert "Content-Security-Policy" not in reported
    assert reported["Content-Security-Policy-Report-Only"] == enforced["Content-Security-Policy"]
