"""What clients meet: HTTP/3, passwords, limits, and the front end's policy, as settings ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.world import World
from tests.passwords import sha512_crypt

pytestmark = pytest.mark.host

PASSWORD = "let me see"
SALES = "sales.dhanman.test"
CA = "/etc/dhanman/certificates/ca.crt"


@pytest.fixture(scope="module")
def edge(world: World) -> Iterator[World]:
    """The environment with settings of the edge that are not the defaults."""
    settings = {
        "gateway": {"http3": True, "hangfireUsers": {"anita": sha512_crypt(PASSWORD)}},
        "services": {
            "sales": {"hangfireAllow": ["0.0.0.0/0"], "rateLimit": {"perSecond": 1, "burst": 2}},
            "common": {"hangfireAllow": ["0.0.0.0/0"]},
        },
        "frontend": {"csp": {"font-src": ["https://fonts.gstatic.com"]}, "cspReportOnly": True},
    }
    with world.changed(settings):
        world.up()
        yield world


def test_http3_is_spoken_and_offered(edge: World) -> None:
    name = "purchase.dhanman.test"
    spoken = edge.run(
        f"curl --silent --show-error --http3-only --cacert {CA} --resolve {name}:443:127.0.0.1"
        f" --output /dev/null --write-out '%{{http_version}} %{{http_code}}' https://{name}/health"
    )
    assert spoken == "3 200"
    assert edge.ask(f"https://{name}/health").headers["alt-svc"].startswith('h3=":443"')
    assert "udp dport 443 accept" in edge.run("nft list table inet dhanman")


def test_hangfire_asks_for_the_password_that_the_settings_hash(edge: World) -> None:
    url = "https://common.dhanman.test/hangfire"
    assert edge.ask(url).status == 401
    assert edge.ask(url, "--user", "anita:wrong").status == 401
    assert edge.ask(url, "--user", f"anita:{PASSWORD}").status not in (401, 403)


def test_no_hash_of_a_password_is_said_or_readable_by_everybody(edge: World) -> None:
    path = "/etc/nginx/dhanman/hangfire.htpasswd"
    stored = edge.run(f"cat {path}").strip().partition(":")[2]
    assert stored.startswith("$6$")
    assert not any(stored in said for said in edge.outputs)
    assert edge.run(f"stat -c '%a %U:%G' {path}").strip() == "640 root:www-data"


def test_a_service_of_its_own_rate_says_429_and_when_to_come_again(edge: World) -> None:
    # side by side, since a slow machine would not exceed the rate otherwise
    said = edge.run(
        f"curl --silent --parallel --parallel-immediate --cacert {CA} --resolve {SALES}:443:127.0.0.1"
        " --output /dev/null --write-out '%{http_code} %header{retry-after}\\n'"
        f" 'https://{SALES}/health?[1-30]'"
    )
    assert {line.strip() for line in said.splitlines()} == {"200", "429 1"}
    assert edge.ask("https://purchase.dhanman.test/health").status == 200


def test_the_pages_policy_is_the_settings_and_only_reports_when_told_so(edge: World) -> None:
    headers = edge.ask("https://app.dhanman.test/").headers
    assert "content-security-policy" not in headers
    assert "font-src https://fonts.gstatic.com;" in headers["content-security-policy-report-only"]
