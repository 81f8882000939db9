"""`make host-key HOST=address[:port]`: prints a server's ed25519 key as the settings take it."""

from __future__ import annotations

import shutil
import subprocess
import sys

_SECONDS = "10"


def main() -> int:
    """Ask the server; the key goes to standard output, its fingerprint and a warning to standard error."""
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    if not address:
        return _fail("name the server: `make host-key HOST=192.0.2.10` (or HOST=192.0.2.10:2222)")
    if not shutil.which("ssh-keyscan"):
        return _fail("ssh-keyscan is missing: run `sudo apt-get install openssh-client`")
    host, port = split_address(address)
    key = scan(host, port)
    if not key:
        return _fail(
            f"{address} gave no ed25519 host key within {_SECONDS} s; is its SSH port open from here?"
        )
    print(key)
    line = f"{host} {key}\n"
    shown = subprocess.run(
        ["ssh-keygen", "-lf", "-"], input=line, capture_output=True, text=True, check=False
    )
    print(f"fingerprint: {shown.stdout.strip()}", file=sys.stderr)
    print("This came over the network: compare it with what the provider's console shows.", file=sys.stderr)
    return 0


def split_address(address: str) -> tuple[str, str]:
    """Give host and port of `host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, rest.removeprefix(":") or "22"
    if address.count(":") == 1:
        host, _, port = address.partition(":")
        return host, port
    return address, "22"


def scan(host: str, port: str) -> str:
    """Give the key as `ssh-ed25519 AAAA…`, or nothing."""
    command = ["ssh-keyscan", "-T", _SECONDS, "-t", "ed25519", "-p", port, "--", host]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    lines = [line.split() for line in said.splitlines() if not line.startswith("#")]
    return next((f"{kind} {key}" for _, kind, key, *_ in (line for line in lines if len(line) >= 3)), "")


def _fail(text: str) -> int:
    print(f"make host-key: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
