"""Hashes of passwords, as an operator makes them."""

from __future__ import annotations

import subprocess


def sha512_crypt(password: str) -> str:
    """What ``openssl passwd -6`` prints."""
    command = ["openssl", "passwd", "-6", "-stdin"]
    return subprocess.run(command, input=password, capture_output=True, text=True, check=True).stdout.strip()
