"""Shows what a stack made: addresses, versions and the health of each part, asked right now."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scripts.table import columns
from toolchain.paths import Clone

_TIMEOUT = 10.0
AUTHORITY = "cat /run/dhanman-pebble/root.pem 2>/dev/null || cat /etc/dhanman/certificates/ca.crt"
"""Prints, on a local host, the CA of what NGINX serves there: that of the test server, where it is used."""
_PARTS = {
    "PostgreSQL": ("postgresql@18-main.service", "postgresql-18"),
    "RabbitMQ": ("rabbitmq-server.service", "rabbitmq-server"),
    "NGINX": ("nginx.service", "nginx"),
    "Firewall": ("dhanman-firewall.service", "nftables"),
    "Backup": ("dhanman-backup-{environment}.timer", ""),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    version: str
    health: str
    where: str


class _Connection(http.client.HTTPSConnection):
    """HTTPS to a name that no DNS server knows."""

    def __init__(self, name: str, address: str, context: ssl.SSLContext) -> None:
        super().__init__(name, timeout=_TIMEOUT, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        """Connect to the host's address, and let it prove that it is the name."""
        plain = socket.create_connection((self._address, 443), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def ask(url: str, address: str, context: ssl.SSLContext) -> str:
    """The health of a URL in a word or two."""
    parts = urlsplit(url)
    start = time.monotonic()
    try:
        connection = _Connection(parts.hostname or "", address, context)
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        answer.read()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    milliseconds = (time.monotonic() - start) * 1000
    word = "healthy" if answer.status == http.client.OK else f"status {answer.status}"
    return f"{word} ({milliseconds:.0f} ms)"


def _on_host(clone: Clone, host: str, script: str) -> str:
    command = [str(clone.python), "-m", "testbed", "shell", host, "--", script]
    return subprocess.run(command, cwd=clone.root, capture_output=True, text=True, check=True).stdout


def parts(clone: Clone, host: str, environment: str) -> list[Row]:
    """The servers of the environment, asked of systemd and dpkg in one go."""
    units = {name: unit.format(environment=environment) for name, (unit, _) in _PARTS.items()}
    packages = {name: package for name, (_, package) in _PARTS.items() if package}
    script = (
        f"systemctl is-active {' '.join(units.values())}; "
        f"dpkg-query --show --showformat='${{Package}} ${{Version}}\\n' {' '.join(packages.values())}"
    )
    lines = _on_host(clone, host, f"{script}; true").splitlines()
    states, versions = lines[: len(units)], dict(line.split(" ", 1) for line in lines[len(units) :])
    return [
        Row(name=name, version=versions.get(packages.get(name, ""), ""), health=state, where=units[name])
        for name, state in zip(units, states, strict=True)
    ]


def sites(outputs: dict[str, Any], address: str, context: ssl.SSLContext) -> list[Row]:
    """The services and the front end, each asked through the gateway over TLS by its name."""
    rows = [
        Row(
            name=name,
            version=service["version"],
            health=ask(f"{service['url']}/health/ready", address, context),
            where=service["url"],
        )
        for name, service in outputs["services"].items()
    ]
    frontend = outputs["frontend"]
    health = ask(frontend["url"], address, context)
    return [*rows, Row(name="frontend", version=frontend["version"], health=health, where=frontend["url"])]


def table(rows: list[Row]) -> str:
    """The rows under each other."""
    cells = ((row.name, row.version, row.health, row.where) for row in rows)
    return columns([("PART", "VERSION", "HEALTH", "WHERE"), *cells])


def main() -> int:
    """Show the stack of the local host; 1 if a part is not healthy."""
    clone, stack = Clone(), sys.argv[1]
    command = [str(clone.launcher), "stack", "output", "--json", "--stack", stack]
    outputs = json.loads(
        subprocess.run(command, cwd=clone.root, capture_output=True, text=True, check=True).stdout
    )
    host, details = next(iter(outputs["hosts"].items()))
    certificate = clone.local / "ca.crt"
    certificate.write_text(_on_host(clone, host, AUTHORITY), encoding="utf-8")
    context = ssl.create_default_context(cafile=str(certificate))
    rows = [*parts(clone, host, outputs["environment"]), *sites(outputs, details["address"], context)]
    print(f"\n{table(rows)}\n")
    names = " ".join(urlsplit(row.where).hostname or "" for row in rows if row.where.startswith("https://"))
    print(
        "The names are known to this host alone. To open them in a browser of this machine, add to /etc/hosts:\n"
        f"  {details['address']} {names}\n"
        f"and trust {certificate} there; with curl: --cacert and --resolve NAME:443:{details['address']}.\n"
        "A shell on it: make host-shell; its end: make destroy STACK=local, make clean."
    )
    return 0 if all(r.health.startswith(("healthy", "active")) for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
