from __future__ import annotations

import pytest

from testbed import apt


def test_sources_are_read_in_both_forms() -> None:
    one_line = "# comment\ndeb [arch=amd64] https://mirror.example/debian/ trixie main\n"
    deb822 = (
        "Types: deb deb-src\nURIs: https://mirror.example/debian-security/\n"
        "Suites: trixie-security\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: https://off.example/debian\nSuites: trixie\n"
    )
    assert apt.parse_sources(one_line) == [("https://mirror.example/debian", {"trixie"})]
    assert apt.parse_sources(deb822) == [("https://mirror.example/debian-security", {"trixie-security"})]


def test_a_suite_comes_with_its_updates_and_security_fixes() -> None:
    settings = apt.AptSettings(mirror="http://a/debian", security_mirror="http://a/sec", options=())
    assert settings.sources("trixie") == [
        "deb http://a/debian trixie main",
        "deb http://a/debian trixie-updates main",
        "deb http://a/sec trixie-security main",
    ]


def test_a_proxy_variable_becomes_an_apt_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in apt.machine_settings().options


def test_certificates_are_told_apart_and_counted_once() -> None:
    one = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    two = one.replace("AAAA", "BBBB")
    assert apt.certificates_in(f"# a name\n{one}{two}\n{one}") == (one, two)
