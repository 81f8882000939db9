"""The zone file is one that DNS servers read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dns.zone
import pytest

from components.dns.plan import records
from components.dns.zone_file import zone_file
from tests import debian
from tests.components.dns.example import FULL, LONG_KEY, ZONE

AROUND = f"{ZONE}. 300 IN SOA ns.{ZONE}. ops.{ZONE}. 1 3600 600 86400 300\n{ZONE}. 300 IN NS ns.{ZONE}.\n"
AROUND += f"ns.{ZONE}. 300 IN A 192.0.2.53\n"
TEXT = zone_file(ZONE, records(FULL), "dhanman, stack qa")


def test_every_record_is_read_back_as_it_was_meant() -> None:
    zone = dns.zone.from_text(AROUND + TEXT, origin=f"{ZONE}.", relativize=False)
    assert zone.find_rdataset(f"sales.{ZONE}.", "A").to_text() == "300 IN A 192.0.2.1"
    assert zone.find_rdataset(f"app.{ZONE}.", "AAAA").to_text() == "600 IN AAAA 2001:db8::1"
    assert len(zone.find_rdataset(f"sales.{ZONE}.", "CAA")) == 3
    assert {record.to_text() for record in zone.find_rdataset(f"{ZONE}.", "TXT")} == {
        '"brevo-code:0123"',
        '"v=spf1 include:spf.brevo.com ~all"',
    }
    assert zone.find_rdataset(f"brevo1._domainkey.{ZONE}.", "CNAME")[0].to_text() == (
        "b1.example-test.dkim.brevo.com."
    )
    (key,) = zone.find_rdataset(f"long._domainkey.{ZONE}.", "TXT")
    assert b"".join(key.strings).decode() == LONG_KEY


def test_lines_to_paste_have_neither_soa_nor_ns_and_say_whose_they_are() -> None:
    lines = TEXT.splitlines()
    assert lines[:2] == ["; dhanman, stack qa", f"$ORIGIN {ZONE}."]
    assert not [line for line in lines if " SOA " in line or " NS " in line]
    assert len(lines) == 2 + len(records(FULL))


@pytest.fixture(scope="module")
def check() -> str:
    return debian.needed("bind9-utils", "usr/bin/named-checkzone")


def test_bind_accepts_the_file(tmp_path: Path, check: str) -> None:
    file = tmp_path / "zone"
    file.write_text(AROUND + TEXT)
    done = subprocess.run([check, "-i", "local", ZONE, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "OK" in done.stdout, done.stdout


def test_bind_would_notice_a_broken_line(tmp_path: Path, check: str) -> None:
    file = tmp_path / "zone"
    file.write_text(AROUND + TEXT + f"sales.{ZONE}. 300 IN CNAME app.{ZONE}.\n")
    assert subprocess.run([check, ZONE, file], capture_output=True, check=False).returncode != 0
