"""Which certificates are served, and whether they are the right ones."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from doctor.certificates import NotServed, Served, covers, fetch, judge_certificates
from doctor.waiting import run
from tests.doctor.sample import UP, levels, lines

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DOMAIN = "sales.example.com"


def served(*, days: float = 60, names: tuple[str, ...] = (DOMAIN,), **changes: Any) -> Served:
    values: dict[str, Any] = {
        "issuer": "R11",
        "begins": NOW - timedelta(days=30),
        "ends": NOW + timedelta(days=days),
    }
    return Served(names=names, **values | changes)


def judge(what: Served | NotServed, **options: Any) -> Any:
    wanted: dict[str, Any] = {"local": False, "up": UP}
    return judge_certificates({DOMAIN: what}, NOW, **wanted | options)


@pytest.mark.parametrize(
    ("what", "level", "said"),
    [
        (served(days=60), "ok", "60 days left, issued by R11"),
        (served(days=20.9), "warn", "20 days left"),
        (served(days=6.9), "fail", "6 days left"),
        (served(days=-1), "fail", "expired on 2026-05-31"),
        (served(begins=NOW + timedelta(hours=1)), "fail", "not valid before 2026-06-01 01:00 UTC"),
        (served(names=("app.example.com",)), "fail", "the certificate is for app.example.com"),
        (served(names=()), "fail", "the certificate is for no name"),
        (served(distrust="self-signed certificate"), "fail", "not trusted here: self-signed certificate"),
        (NotServed(why="port 443 of 192.0.2.10 refuses connections"), "fail", "refuses connections"),
    ],
    ids=str,
)
def test_each_certificate_is_judged_by_name_time_and_trust(
    what: Served | NotServed, level: str, said: str
) -> None:
    (found,) = judge(what)
    assert (found.level, found.subject) == (level, f"certificate {DOMAIN}")
    assert said in found.text
    assert bool(found.remedy) is (level != "ok")


def test_an_expired_certificate_is_called_expired_though_it_is_not_trusted_either() -> None:
    assert "expired" in lines(judge(served(days=-1, distrust="certificate has expired")))


def test_certificates_of_the_host_s_own_authority_are_renewed_by_up() -> None:
    assert judge(served(days=3), local=True)[0].remedy == UP
    assert "certbot" in judge(served(days=3))[0].remedy
    assert "sudo dhanman-certificates renew" in judge(served(days=3), acme=True)[0].remedy


def test_a_gateway_that_was_never_set_up_serves_none_yet() -> None:
    assert levels(judge(NotServed(why="refused"), set_up=False)) == {f"warn certificate {DOMAIN}"}


@pytest.mark.parametrize(
    ("names", "domain", "is_covered"),
    [
        (("sales.example.com",), "sales.example.com", True),
        (("Sales.Example.com.",), "sales.example.com", True),
        (("*.example.com",), "sales.example.com", True),
        (("*.example.com",), "qa.sales.example.com", False),
        (("*.example.com",), "example.com", False),
        (("example.com",), "sales.example.com", False),
    ],
)
def test_a_star_stands_for_one_label(names: tuple[str, ...], domain: str, is_covered: bool) -> None:
    assert covers(names, domain) is is_covered


def make_certificate(folder: Path, domain: str, days: int) -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of its own")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(domain), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{domain}.pem"
    pem = serialization.Encoding.PEM
    form, no_encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, form, no_encryption) + certificate.public_bytes(pem))
    return file


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[int]:
    """A server on loopback that serves ``a.example.com`` and, for every other name, an expired one; its port."""
    contexts = {}
    for domain, days in (("a.example.com", 100), ("b.example.com", -1)):
        contexts[domain] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[domain].load_cert_chain(make_certificate(tmp_path, domain, days))

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = contexts.get(name or "", contexts["b.example.com"])

    contexts["b.example.com"].sni_callback = choose
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as threads:

        def greet(plain: socket.socket) -> None:
            with plain:
                plain.settimeout(10)
                try:
                    with contexts["b.example.com"].wrap_socket(plain, server_side=True) as wrapped:
                        wrapped.recv(1)
                except OSError:
                    return

        def accept() -> None:
            while not over.is_set():
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=greet, args=(plain,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        threads.callback(over.set)
        yield int(listener.getsockname()[1])


def test_each_domain_gets_the_certificate_that_is_served_for_its_name(gateway: int) -> None:
    domains = ["a.example.com", "b.example.com"]
    found = run(fetch("127.0.0.1", domains, trusted=False, port=gateway))
    a, b = found["a.example.com"], found["b.example.com"]
    assert isinstance(a, Served)
    assert isinstance(b, Served)
    assert (a.names, a.issuer, a.distrust) == (("a.example.com",), "an authority of its own", None)
    assert a.ends > datetime.now(UTC) > b.ends


def test_an_authority_that_this_machine_does_not_know_is_said_where_it_matters(gateway: int) -> None:
    found = run(fetch("127.0.0.1", ["a.example.com"], trusted=True, port=gateway))["a.example.com"]
    assert isinstance(found, Served)
    assert found.distrust is not None
    assert "self" in found.distrust


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize("trusted", [True, False])
def test_a_gateway_that_refuses_is_said_in_words(trusted: bool) -> None:
    port = closed_port()
    found = run(fetch("127.0.0.1", [DOMAIN], trusted=trusted, port=port))
    assert found[DOMAIN] == NotServed(why=f"port {port} of 127.0.0.1 refuses connections")


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (lambda plain: plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "the TLS handshake failed"),
        (lambda plain: plain.recv(1) and None, "127.0.0.1"),
    ],
    ids=["no TLS", "hangs up"],
)
def test_what_is_no_tls_is_said_in_words(behaviour: Callable[[socket.socket], object], words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once() -> None:
            plain, _ = listener.accept()
            with plain:
                behaviour(plain)

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        found = run(fetch("127.0.0.1", [DOMAIN], trusted=False, port=port))[DOMAIN]
        thread.join(10)
    assert isinstance(found, NotServed)
    assert words in found.why


def test_all_domains_of_a_gateway_that_says_nothing_take_no_longer_than_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        domains = [f"{n}.example.com" for n in range(20)]
        start = time.monotonic()
        port = silent.getsockname()[1]
        found = run(fetch("127.0.0.1", domains, trusted=False, port=port, limit=1))
        assert time.monotonic() - start < 10
    assert set(found.values()) == {NotServed(why="no answer from 127.0.0.1 within 1 s")}
