"""NGINX as who serves the certificates: reloaded, never stopped, and only with a configuration that it accepts."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from certctl.tools import run

NGINX = Path("/usr/sbin/nginx")
UNIT = "nginx.service"
PORT = 443
LIMIT = 15.0
"""Seconds within which a reloaded NGINX serves what it has read."""
_NEXT = "nginx -t says what is wrong; correct it, then dhanman-certificates renew"


def accepts() -> None:
    """Raises :class:`certctl.errors.Failure` if NGINX would not start with the files as they are.

    Where there is no NGINX yet, anything goes.
    """
    if NGINX.exists():
        run(str(NGINX), "-t", "-q", next_step=_NEXT)


def runs() -> bool:
    """Whether NGINX is there and at work."""
    return NGINX.exists() and run("systemctl", "is-active", "--quiet", UNIT, check=False).returncode == 0


def reload() -> None:
    """Let it read its files anew; connections stay."""
    run("systemctl", "reload", UNIT, next_step=_NEXT)


def unserved(wanted: Mapping[str, str]) -> list[str]:
    """The domains that are served with another certificate than that of the fingerprint, or not at all."""
    return [domain for domain, fingerprint in wanted.items() if served(domain) != fingerprint]


def wait_until_served(wanted: Mapping[str, str], limit: float) -> list[str]:
    """The domains that are still served otherwise after ``limit`` seconds."""
    end = time.monotonic() + limit
    left: Iterable[str] = wanted
    while left := unserved({domain: wanted[domain] for domain in left}):
        if time.monotonic() > end:
            return list(left)
        time.sleep(0.1)
    return []


def served(domain: str) -> str | None:
    """The SHA-256 of the certificate that NGINX shows on this host for a domain; None: it shows none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # what is shown is compared with a file; who signed it is not the question
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", PORT), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=domain) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
    except OSError:
        return None
    return hashlib.sha256(shown).hexdigest() if shown else None
