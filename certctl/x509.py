"""What is in a certificate, as OpenSSL reads it, and whether it may be served."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certctl.errors import Failure
from certctl.tools import run

CLOCKS = 300.0
"""Seconds by which the clocks of host and CA may differ."""
_NEXT = "the one before stays; try again later, and ask whoever runs the ACME server if it goes on"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n.+?\n-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The first certificate of a file. ``begins``, ``ends``: seconds since the epoch. ``fingerprint``: SHA-256."""

    domains: frozenset[str]
    begins: float
    ends: float
    public_key: str
    fingerprint: str
    issuer: str


def read(path: Path) -> Certificate:
    """What a PEM file begins with. Raises :class:`Failure` if that is no certificate."""
    try:
        leaf = _PEM.match(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} can't be read: {error}", _NEXT) from None
    if leaf is None:
        raise Failure(f"{path} holds no certificate", _NEXT)
    said = run(
        "openssl", "x509", "-in", str(path), "-noout", "-startdate", "-enddate", "-issuer",
        "-nameopt", "RFC2253", "-ext", "subjectAltName", "-pubkey",
    ).stdout  # fmt: skip
    return Certificate(
        domains=frozenset(re.findall(r"DNS:([^,\s]+)", said)),
        begins=_seconds(said, "notBefore"),
        ends=_seconds(said, "notAfter"),
        public_key=_public_key(said),
        fingerprint=hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf[0])).hexdigest(),
        issuer=match[1].strip() if (match := re.search(r"^issuer=(.*)$", said, re.MULTILINE)) else "",
    )


def fits(certificate: Certificate, key: Path) -> bool:
    """Whether the private key in a PEM file is that of the certificate."""
    done = run("openssl", "pkey", "-in", str(key), "-pubout", check=False)
    return done.returncode == 0 and _public_key(done.stdout) == certificate.public_key


def refuse_unusable(folder: Path, domains: tuple[str, ...], now: float) -> Certificate:
    """The certificate in ``folder``. Raises :class:`Failure` if it must not be served for exactly these domains."""
    found = read(folder / "fullchain.pem")
    wrong = []
    if not fits(found, folder / "privkey.pem"):
        wrong.append("it is not for the key that was asked with")
    if found.domains != frozenset(domains):
        wrong.append(f"it is for {', '.join(sorted(found.domains)) or 'no name'}")
    if found.begins > now + CLOCKS:
        wrong.append(f"it is not valid before {clock(found.begins)}")
    if found.ends <= now:
        wrong.append(f"it expired on {clock(found.ends)}")
    if wrong:
        raise Failure(f"{domains[0]}: the new certificate can't be used: {'; '.join(wrong)}", _NEXT)
    return found


def clock(seconds: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _public_key(text: str) -> str:
    found = re.search(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", text, re.DOTALL)
    return found[0] if found else ""


def _seconds(text: str, name: str) -> float:
    found = re.search(rf"^{name}=(.*)$", text, re.MULTILINE)
    assert found, f"openssl names no {name}"
    return float(ssl.cert_time_to_seconds(found[1].strip()))
