"""The gateway's and the front end's sites in a real NGINX, as their units write them."""

from __future__ import annotations

import base64
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from components.frontend.plan import FrontendSpec, frontend_unit
from components.gateway.plan import gateway_unit, security_headers
from components.gateway.spec import GatewaySpec, Limits, Rate, Site, Snippets
from tests.passwords import sha512_crypt
from tests.waiting import until

SALES = "sales.dhanman.com"
APP = "app.dhanman.com"
LIMITS = Limits(read_timeout=1, websocket_timeout=10)
MANY = Rate(requests_per_second=1000, burst=1000)


def sales(certificate: tuple[str, str], **changes: Any) -> Site:
    values: dict[str, Any] = {
        "service": "sales",
        "domain": SALES,
        "certificate": certificate[0],
        "certificate_key": certificate[1],
        "rate": MANY,
    }
    return Site(**(values | changes))


def spec(nginx: Any, certificate: tuple[str, str], **changes: Any) -> GatewaySpec:
    values: dict[str, Any] = {
        "environment": "prod",
        "sites": (sales(certificate),),
        "limits": LIMITS,
        "ipv6": False,
        "nginx_version": nginx.version,
    }
    return GatewaySpec(**(values | changes))


def at_once(nginx: Any, url: str) -> list[Any]:
    """More requests than a burst allows, side by side: a slow machine would not exceed the rate otherwise."""
    with ThreadPoolExecutor(12) as clients:
        return list(clients.map(nginx.ask, [url] * 24))


@pytest.fixture
def gateway(nginx: Any, certificate: tuple[str, str]) -> Any:
    nginx.place(gateway_unit(spec(nginx, certificate)))
    nginx.start()
    return nginx


@pytest.fixture
def app(nginx: Any, certificate: tuple[str, str]) -> Any:
    front = FrontendSpec(
        environment="prod",
        domain=APP,
        certificate=certificate[0],
        certificate_key=certificate[1],
        version="1.0.0",
        source="/tmp/build.tar.gz",
        sha256="0" * 64,
    )
    build = nginx.path("/opt/dhanman/prod/frontend/releases/1.0.0/index.html").parent
    for path, text in {
        "index.html": "the page",
        "favicon.svg": "<svg/>",
        "assets/app.js": "const app = 1;" * 200,
        "logo.0a1b2c3d.svg": "<svg/>",
        ".env": "private",
    }.items():
        (build / path).parent.mkdir(exist_ok=True)
        (build / path).write_text(text)
    kept = nginx.path(f"{front.kept}/assets/former.js")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("const former = 1;")
    nginx.place(gateway_unit(spec(nginx, certificate)))
    nginx.place(frontend_unit(front))
    nginx.start()
    return nginx


def test_nginx_accepts_the_sites_and_warns_of_nothing(nginx: Any, certificate: tuple[str, str]) -> None:
    site = sales(certificate, hangfire_allow=("10.0.0.0/8", "2001:db8::/32"))
    snippets = Snippets(http="map $host $extra { default 1; }", server="location = /x { return 204; }")
    nginx.place(
        gateway_unit(
            spec(nginx, certificate, sites=(site,), snippets=snippets, trusted_proxies=("173.245.48.0/20",))
        )
    )
    assert nginx.check() == ""


def test_nginx_accepts_what_is_written_for_the_oldest_version(
    nginx: Any, certificate: tuple[str, str]
) -> None:
    nginx.place(gateway_unit(spec(nginx, certificate, nginx_version=(1, 22, 0))))
    nginx.check()


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/missing", 404), ("/hangfire", 403), ("/drop", 502)]
)
def test_every_answer_has_each_security_header_once(
    gateway: Any, service: Any, path: str, status: int
) -> None:
    answer = gateway.ask(f"https://{SALES}{path}")
    assert answer.status == status
    for header, value in security_headers(spec(gateway, ("", ""))).items():
        assert answer.headers.get_all(header) == [value]
    assert "X-Powered-By" not in answer.headers
    assert answer.headers["Server"] == "nginx"


@pytest.mark.parametrize(
    "path", ["/hangfire", "/Hangfire/jobs", "//hangfire", "/%48angfire", "/x/../hangfire"]
)
def test_no_spelling_of_hangfire_reaches_the_service(gateway: Any, service: Any, path: str) -> None:
    websocket = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert gateway.ask(f"https://{SALES}{path}").status == 403
    assert gateway.ask(f"https://{SALES}{path}", headers=websocket).status == 403
    assert service.requests == []


def test_an_allowed_network_reaches_hangfire(nginx: Any, service: Any, certificate: tuple[str, str]) -> None:
    site = sales(certificate, hangfire_allow=("127.0.0.0/8",))
    nginx.place(gateway_unit(spec(nginx, certificate, sites=(site,))))
    nginx.start()
    assert nginx.ask(f"https://{SALES}/hangfire").status == 200


def test_the_service_learns_who_asked_and_keeps_no_connection(gateway: Any, service: Any) -> None:
    gateway.ask(f"https://{SALES}/")
    ((_, _, headers),) = service.requests
    assert headers["Host"] == SALES
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["X-Real-IP"] == headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["Connection"] == "close"


def test_only_a_websocket_is_upgraded(gateway: Any, service: Any) -> None:
    gateway.ask(f"https://{SALES}/", headers={"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings"})
    ((_, _, headers),) = service.requests
    assert headers["Connection"] == "close"


def test_a_websocket_outlives_the_time_limit_of_requests(gateway: Any, service: Any) -> None:
    with gateway.tls(SALES) as client:
        client.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {SALES}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 101")
        # An ordinary request that takes as long meanwhile runs into its limit of a second.
        assert gateway.ask(f"https://{SALES}/slow").status == 504
        service.release.set()
        assert client.recv(4096) == b"late"


def test_a_post_whose_service_died_is_sent_once(gateway: Any, service: Any) -> None:
    assert gateway.ask(f"https://{SALES}/drop", method="POST").status == 502
    assert len(service.requests) == 1


def test_health_checks_and_query_strings_are_not_logged(gateway: Any, service: Any) -> None:
    gateway.ask(f"https://{SALES}/health/ready")
    gateway.ask(
        f"https://{SALES}/orders?access_token=hidden", headers={"Referer": f"https://{APP}/?code=hidden"}
    )
    gateway.stop()
    log = gateway.log("dhanman-sales-prod-access.log")
    assert f'"GET /orders HTTP/1.1" 200 16 "https://{APP}/"' in log
    assert "hidden" not in log
    assert "/health" not in log


@pytest.mark.parametrize("path", ["/", "/health", "/hangfire"])
def test_too_many_requests_are_told_when_to_come_again(
    nginx: Any, service: Any, certificate: tuple[str, str], path: str
) -> None:
    slow = sales(certificate, rate=Rate(requests_per_second=1, burst=2), hangfire_allow=("127.0.0.0/8",))
    nginx.place(gateway_unit(spec(nginx, certificate, sites=(slow,))))
    nginx.start()
    answers = at_once(nginx, f"https://{SALES}{path}")
    # a second may pass meanwhile, in which one more is allowed
    assert {a.status for a in answers} == {200, 429}
    served, refused = (next(a for a in answers if a.status == status) for status in (200, 429))
    assert refused.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert refused.headers.get_all("Retry-After") == ["1"]
    assert served.headers["Retry-After"] is None


def test_a_flood_on_one_service_leaves_the_others_their_share(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    slow = Rate(requests_per_second=1, burst=1)
    other = sales(certificate, service="common", domain="common.dhanman.com", rate=slow)
    nginx.place(gateway_unit(spec(nginx, certificate, sites=(sales(certificate, rate=slow), other))))
    nginx.start()
    assert 429 in {answer.status for answer in at_once(nginx, f"https://{SALES}/")}
    # nobody runs behind it here, so what passes is answered with 502
    assert nginx.ask("https://common.dhanman.com/").status == 502


def test_a_client_has_so_many_connections_at_once_and_no_more(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    limits = Limits(read_timeout=5, websocket_timeout=10, connections=1)
    nginx.place(gateway_unit(spec(nginx, certificate, limits=limits)))
    nginx.start()
    with nginx.tls(SALES) as client:
        client.sendall(f"GET /slow HTTP/1.1\r\nHost: {SALES}\r\n\r\n".encode())
        until(lambda: service.requests, 5)
        second = nginx.ask(f"https://{SALES}/")
        assert (second.status, second.headers["Retry-After"]) == (429, "1")
        service.release.set()
        assert client.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: " + SALES.encode()])
def test_a_client_that_does_not_go_on_is_cut_off(
    nginx: Any, certificate: tuple[str, str], begun: bytes
) -> None:
    nginx.place(gateway_unit(spec(nginx, certificate, limits=Limits(client_timeout=1))))
    nginx.start()
    with nginx.tls(SALES) as client:
        client.settimeout(5)
        client.sendall(begun)
        with suppress(ConnectionResetError, ssl.SSLEOFError):
            assert client.recv(4096) == b""


def test_hangfire_asks_for_a_password_beside_the_address(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    users = {"anita": sha512_crypt("let me see")}
    site = sales(certificate, hangfire_allow=("127.0.0.0/8",))
    nginx.place(gateway_unit(spec(nginx, certificate, sites=(site,), hangfire_users=users)))
    nginx.start()
    url = f"https://{SALES}/hangfire"
    assert nginx.ask(url).status == 401
    wrong = {"Authorization": "Basic " + base64.b64encode(b"anita:guess").decode()}
    assert nginx.ask(url, headers=wrong).status == 401
    right = {"Authorization": "Basic " + base64.b64encode(b"anita:let me see").decode()}
    answer = nginx.ask(url, headers=right)
    assert answer.status == 200
    ((_, _, headers),) = service.requests
    assert "Authorization" not in headers, "the password is the gateway's"
    assert headers["X-Forwarded-Proto"] == "https"


def test_a_password_does_not_open_hangfire_from_elsewhere(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    users = {"anita": sha512_crypt("let me see")}
    site = sales(certificate, hangfire_allow=("10.0.0.0/8",))
    nginx.place(gateway_unit(spec(nginx, certificate, sites=(site,), hangfire_users=users)))
    nginx.start()
    right = {"Authorization": "Basic " + base64.b64encode(b"anita:let me see").decode()}
    assert nginx.ask(f"https://{SALES}/hangfire", headers=right).status == 403
    assert service.requests == []


def test_the_client_behind_a_trusted_proxy_is_the_one_it_names(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    nginx.place(gateway_unit(spec(nginx, certificate, trusted_proxies=("127.0.0.0/8",))))
    nginx.start()
    # what the client itself claims stands to the left of what the proxy saw
    nginx.ask(f"https://{SALES}/", headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"})
    ((_, _, headers),) = service.requests
    assert headers["X-Real-IP"] == "198.51.100.7"


def test_anybody_elses_claim_of_an_address_is_ignored(
    nginx: Any, service: Any, certificate: tuple[str, str]
) -> None:
    nginx.place(gateway_unit(spec(nginx, certificate, trusted_proxies=("173.245.48.0/20",))))
    nginx.start()
    nginx.ask(f"https://{SALES}/", headers={"X-Forwarded-For": "10.1.2.3"})
    ((_, _, headers),) = service.requests
    assert headers["X-Real-IP"] == "127.0.0.1"


def test_an_unknown_name_gets_no_certificate_and_no_answer(gateway: Any) -> None:
    with pytest.raises(ssl.SSLError):
        gateway.tls("other.example")
    with pytest.raises(OSError):
        gateway.ask("http://other.example/")


def test_old_tls_is_refused(gateway: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Without this the client itself would not even try.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", gateway.https_port), 10) as plain,
        pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"),
    ):
        context.wrap_socket(plain, server_hostname=SALES)


def test_http2_is_offered(gateway: Any) -> None:
    with gateway.tls(SALES, alpn=("h2", "http/1.1")) as client:
        assert client.selected_alpn_protocol() == "h2"


def test_plain_http_leads_to_https_but_for_the_proof_of_a_domain(gateway: Any) -> None:
    proof = gateway.path("/var/www/acme/.well-known/acme-challenge/token")
    proof.write_text("proof")
    redirect = gateway.ask(f"http://{SALES}/orders?page=2")
    assert (redirect.status, redirect.headers["Location"]) == (301, f"https://{SALES}/orders?page=2")
    assert gateway.ask(f"http://{SALES}/.well-known/acme-challenge/token").body == "proof"
    assert gateway.ask(f"http://{SALES}/.well-known/acme-challenge/none").status == 404


def test_a_switch_of_the_socket_needs_no_reload(gateway: Any, service: Any) -> None:
    link = gateway.path("/run/dhanman/prod/sales.sock")
    new = link.with_name("new")
    new.symlink_to(gateway.root / "nobody.sock")
    new.replace(link)
    assert gateway.ask(f"https://{SALES}/").status == 502
    new.symlink_to(gateway.root / "blue.sock")
    new.replace(link)
    assert gateway.ask(f"https://{SALES}/").status == 200


@pytest.mark.parametrize("path", ["/", "/index.html", "/orders/17", "/assets"])
def test_the_page_answers_every_route_and_is_never_kept(app: Any, path: str) -> None:
    answer = app.ask(f"https://{APP}{path}")
    assert (answer.status, answer.body) == (200, "the page")
    assert answer.headers.get_all("Cache-Control") == ["no-cache"]
    # Both would let a build of the same size and time pass for this one.
    assert "ETag" not in answer.headers
    assert "Last-Modified" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    (policy,) = answer.headers.get_all("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert answer.headers.get_all("Cross-Origin-Resource-Policy") == ["same-site"]


@pytest.mark.parametrize("path", ["/assets/app.js", "/assets/former.js", "/logo.0a1b2c3d.svg"])
def test_a_hashed_file_is_kept_for_a_year(app: Any, path: str) -> None:
    answer = app.ask(f"https://{APP}{path}")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "ETag" in answer.headers
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_file_without_a_hash_is_not_kept(app: Any) -> None:
    assert app.ask(f"https://{APP}/favicon.svg").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/old.js", "/assets/old", "/static/old.css", "/none.png", "/.env"])
def test_a_missing_or_hidden_file_is_not_the_page(app: Any, path: str) -> None:
    answer = app.ask(f"https://{APP}{path}")
    assert answer.status == 404
    assert "Cache-Control" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_text_is_compressed_for_those_who_ask(app: Any) -> None:
    answer = app.ask(f"https://{APP}/assets/app.js", method="HEAD", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
