"""SCRAM-SHA-256 verifiers as PostgreSQL stores them, so that no password in clear reaches the server or its log.

Form: ``SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`` (PostgreSQL, "pg_authid"; RFC 5802, RFC 7677).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from hostctl.errors import HostError

ITERATIONS = 4096


def verifier(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """The verifier of a password; ASCII passwords need no SASLprep."""
    if not password.isascii():
        raise HostError(
            "a PostgreSQL password holds other characters than ASCII", hint="set another password"
        )
    salt = salt if salt is not None else os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client_key).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    b64 = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{b64[0]}${b64[1]}:{b64[2]}"


def matches(password: str, stored: str | None) -> bool:
    """Whether a stored verifier is that of the password."""
    try:
        _, parameters, _ = (stored or "").split("$")
        iterations, salt = parameters.split(":")
        wanted = verifier(password, salt=base64.b64decode(salt), iterations=int(iterations))
    except (ValueError, HostError):
        return False
    return hmac.compare_digest(wanted, stored or "")
