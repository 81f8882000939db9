"""The key pairs of WireGuard: X25519 (RFC 7748), in base64 as wg(8) writes them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

LENGTH = 32
"""Bytes of a key."""


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """``private`` is secret."""

    private: str
    public: str


def key_pair(seed: str) -> KeyPair:
    """The pair that 32 random bytes (base64) make. Raises ValueError if it is not that many."""
    raw = bytearray(base64.b64decode(seed, validate=True))
    if len(raw) != LENGTH:
        raise ValueError(f"a seed of {len(raw)} bytes instead of {LENGTH}")
    # as `wg genkey` does it, so that `wg show` and the file have the same text (RFC 7748, section 5)
    raw[0] &= 248
    raw[31] = (raw[31] & 127) | 64
    private = X25519PrivateKey.from_private_bytes(bytes(raw))
    public = private.public_key().public_bytes_raw()
    return KeyPair(private=base64.b64encode(raw).decode(), public=base64.b64encode(public).decode())
