"""Key pairs, against what others calculate."""

from __future__ import annotations

import base64
import subprocess

import pytest

from components.wireguard.keys import key_pair
from tests import debian

# RFC 7748, section 6.1: the key of Alice
PRIVATE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
PUBLIC = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"


def b64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def test_the_public_key_is_that_of_the_rfc() -> None:
    assert key_pair(b64(PRIVATE)).public == b64(PUBLIC)


def test_the_private_key_is_in_the_form_that_wg_prints() -> None:
    pair = key_pair(base64.b64encode(b"\xff" * 32).decode())
    raw = base64.b64decode(pair.private)
    assert (raw[0] & 7, raw[31] >> 6) == (0, 1)
    assert key_pair(pair.private) == pair


def test_wg_calculates_the_same_public_key() -> None:
    pair = key_pair(b64("42" * 32))
    wg = debian.needed("wireguard-tools", "usr/bin/wg")
    said = subprocess.run([wg, "pubkey"], input=pair.private, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == pair.public


def test_another_number_of_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="a seed of 16 bytes"):
        key_pair(base64.b64encode(b"x" * 16).decode())
