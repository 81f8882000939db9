"""Controls of https://github.com/dev-sec/nginx-baseline 2.5.1, held against what ``nginx -T`` prints."""

from __future__ import annotations

import re

import pytest

from audit.baselines.facts import Facts, control, directives

_HALF_A_YEAR = 15768000
_CIPHERS = {
    f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in (
        *("AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256"),
        *("AES256-SHA384", "AES128-SHA256"),
    )
}


@pytest.fixture(scope="module")
def configuration(facts: Facts) -> str:
    """NGINX's whole configuration."""
    return facts.said("nginx -T 2>/dev/null")


@control("nginx-01")
def test_workers_have_a_user_without_powers(facts: Facts, configuration: str) -> None:
    ((user, *group),) = [value.split() for value in directives(configuration, "user")]
    assert facts.said(f"id -u {user}") != "0"
    assert "root" not in group


@control("nginx-02")
def test_the_configuration_is_for_root_alone(facts: Facts) -> None:
    owner, group, bits = facts.mode("/etc/nginx/nginx.conf")
    assert (owner, group, bits & 0o007) == ("root", "root", 0)


@control("nginx-03")
def test_sites_of_the_package_are_gone(facts: Facts) -> None:
    assert not facts.is_there("/etc/nginx/conf.d/default.conf")
    assert not facts.is_there("/etc/nginx/sites-enabled/default")


@control("nginx-04")
def test_one_nginx_runs(facts: Facts) -> None:
    assert facts.said("pgrep --count --full '^nginx: master'") == "1"


@control("nginx-05")
def test_no_answer_has_the_version(configuration: str) -> None:
    assert set(directives(configuration, "server_tokens")) == {"off"}


@control("nginx-06")
def test_requests_have_tiny_buffers(configuration: str) -> None:
    wanted = {
        "client_body_buffer_size": "1k",
        "client_max_body_size": "1k",
        "client_header_buffer_size": "1k",
        "large_client_header_buffers": "2 1k",
    }
    assert {name: directives(configuration, name) for name in wanted} == {n: [v] for n, v in wanted.items()}


@control("nginx-07")
def test_an_address_has_five_connections(configuration: str) -> None:
    (zone,) = directives(configuration, "limit_conn_zone")
    assert zone.startswith("$binary_remote_addr ")
    assert {int(limit.split()[1]) for limit in directives(configuration, "limit_conn")} == {5}


@pytest.mark.parametrize(
    ("name", "right"),
    [
        pytest.param(
            "X-Frame-Options",
            "SAMEORIGIN|DENY",
            marks=control("nginx-08", "no other site frames a page"),
            id="frames",
        ),
        pytest.param(
            "X-XSS-Protection",
            "1; mode=block",
            marks=control("nginx-09", "old browsers' filter blocks"),
            id="xss",
        ),
        pytest.param(
            "X-Content-Type-Options",
            "nosniff",
            marks=control("nginx-10", "browsers guess no type"),
            id="types",
        ),
    ],
)
def test_answers_have_this_header(configuration: str, name: str, right: str) -> None:
    values = _header(configuration, name)
    assert values
    assert [value for value in values if not re.fullmatch(right, value)] == []


@control("nginx-12")
def test_tls_is_new_and_the_server_chooses(configuration: str) -> None:
    assert {p for value in directives(configuration, "ssl_protocols") for p in value.split()} <= {
        "TLSv1.2",
        "TLSv1.3",
    }
    assert set(directives(configuration, "ssl_session_tickets")) == {"off"}
    assert {c for value in directives(configuration, "ssl_ciphers") for c in value.split(":")} <= _CIPHERS
    assert set(directives(configuration, "ssl_prefer_server_ciphers")) == {"on"}
    assert directives(configuration, "ssl_dhparam")


@control("nginx-13")
def test_browsers_come_back_by_https_for_half_a_year(configuration: str) -> None:
    values = _header(configuration, "Strict-Transport-Security")
    assert values
    assert min(int(value.removeprefix("max-age=").split(";")[0]) for value in values) >= _HALF_A_YEAR


@control("nginx-15")
def test_pages_run_scripts_of_their_own_site_alone(configuration: str) -> None:
    rules = [
        {rule.split()[0]: rule.split()[1:] for rule in policy.split(";") if rule.strip()}
        for policy in _header(configuration, "Content-Security-Policy")
    ]
    assert rules
    for rule in rules:
        everything = rule.get("default-src", ["*"])
        assert rule.get("script-src", everything) in (["'self'"], ["'none'"])
        assert rule.get("object-src", everything) in (["'self'"], ["'none'"])


@control("nginx-17")
def test_slow_clients_are_cut_off_after_ten_seconds(configuration: str) -> None:
    names = ("client_body_timeout", "client_header_timeout", "send_timeout")
    found = {value for name in names for value in directives(configuration, name)}
    assert found <= {"10", "10s"}
    assert set(directives(configuration, "keepalive_timeout")) == {"5 5"}


def _header(configuration: str, name: str) -> list[str]:
    """The values of a header that is added, wherever it is added; a file that is included often is printed once."""
    values = re.findall(
        rf"^\s*add_header\s+{re.escape(name)}\s+(?:\"([^\"]*)\"|([^\s;]+))", configuration, re.MULTILINE
    )
    return [quoted or plain for quoted, plain in values]
