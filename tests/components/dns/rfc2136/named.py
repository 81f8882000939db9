"""A real DNS server on loopback: BIND's named, as an ordinary process in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update

from components.dns.rfc2136.spec import WantedRecord, WantedZone
from tests import debian, processes
from tests.components.dns.example import ZONE

SECRET = "bm90LWEtcmVhbC1rZXktZm9yLXRlc3RzLW9mLWRucw=="
KEY_NAME = "dhanman"
_CONFIG = """
options {{
  directory "{folder}"; pid-file "{folder}/pid"; session-keyfile none; managed-keys-directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
  allow-query {{ any; }}; notify no;
}};
controls {{ }};
key {key} {{ algorithm hmac-sha256; secret "{secret}"; }};
key looker {{ algorithm hmac-sha256; secret "{secret}"; }};
zone {zone} {{ type primary; file "zone"; allow-update {{ key {key}; }}; }};
"""
_CONTENT = """$TTL 300
@ IN SOA ns ops 1 3600 600 86400 300
@ IN NS ns
@ IN TXT "google-site-verification=others"
ns IN A 192.0.2.53
old IN A 203.0.113.5
alias IN CNAME ns
"""


@dataclass(frozen=True)
class Named:
    """``port``: on 127.0.0.1. ``folder``: its files."""

    port: int
    folder: Path

    def wanted(self, *records: tuple[str, str, str], **changes: object) -> WantedZone:
        """A zone with these records (name below the zone, type, content), TTL 300."""
        given: dict[str, object] = {
            "server": "127.0.0.1",
            "port": self.port,
            "zone": ZONE,
            "environment": "qa",
            "key_name": KEY_NAME,
            "algorithm": "hmac-sha256",
            "secret": SECRET,
            "adopt": False,
            "records": tuple(
                WantedRecord(name=f"{name}.{ZONE}".lstrip("."), type=kind, rdata=rdata, ttl=300)
                for name, kind, rdata in records
            ),
        }
        return WantedZone(**given | changes)  # type: ignore[arg-type]  # any field

    def has(self, name: str, kind: str) -> set[str]:
        """What the server answers, one text for each record."""
        full = f"{name}.{ZONE}.".lstrip(".")
        answer = dns.query.tcp(dns.message.make_query(full, kind), "127.0.0.1", port=self.port, timeout=5)
        return {record.to_text() for found in answer.answer for record in found}

    def serial(self) -> str:
        """Changes with every change of the zone."""
        (soa,) = self.has("", "SOA")
        return soa.split()[2]

    def by_hand(self, *changes: tuple[str, ...]) -> None:
        """What somebody else changes: ``("delete", name)``, also with a type, or ``("add", name, type, content)``."""
        update = dns.update.UpdateMessage(ZONE)
        for what, name, *rest in changes:
            full = dns.name.from_text(f"{name}.{ZONE}")
            if what == "add":
                update.add(full, 60, *rest)
            else:
                update.delete(full, *rest)
        update.use_tsig(dns.tsigkeyring.from_text({KEY_NAME: ("hmac-sha256.", SECRET)}))
        answer = dns.query.tcp(update, "127.0.0.1", port=self.port, timeout=5)
        assert answer.rcode() == dns.rcode.NOERROR


@contextmanager
def running(folder: Path) -> Iterator[Named]:
    """A server that answers; the test is skipped where there is none."""
    port = processes.free_port()
    (folder / "zone").write_text(_CONTENT)
    config = _CONFIG.format(folder=folder, port=port, key=KEY_NAME, secret=SECRET, zone=ZONE)
    (folder / "named.conf").write_text(config)
    command = [debian.needed("bind9", "usr/sbin/named"), "-g", "-n", "1", "-c", str(folder / "named.conf")]
    server = Named(port, folder)
    refusals = (OSError, EOFError, dns.exception.DNSException)
    with processes.running(command, folder / "log", server.serial, refusals):
        yield server
