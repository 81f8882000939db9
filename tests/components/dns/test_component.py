from __future__ import annotations

import subprocess
import sys
from typing import Any, cast

import pulumi
import pytest

from components.dns import DnsRecord, DnsRecordArgs, Look, cloudflare_provider, comment, records
from components.dns.existing import Zone
from tests.components.dns.example import FULL, ZONE
from tests.components.recording import Recording, record
from tests.toolchain.providers.cloudflare import fake_zone
from tests.toolchain.providers.cloudflare.fake_zone import TOKEN, served

RECORDS = records(FULL)
OURS = comment("qa")


def made(**options: Any) -> Recording:
    def program() -> None:
        provider = cloudflare_provider("cloudflare", "x" * 40)
        args = DnsRecordArgs(zone_id="zone", records=RECORDS, comment=OURS, **options)
        DnsRecord("all", args, pulumi.ResourceOptions(providers=[provider]))

    return record(program)


def test_every_record_is_made_with_its_comment() -> None:
    found = made().of("cloudflare:index/dnsRecord:DnsRecord")
    assert {one.name for one in found} == {wanted.key for wanted in RECORDS}
    assert {one.inputs["comment"] for one in found} == {OURS}
    assert {one.inputs["zoneId"] for one in found} == {"zone"}


def test_contents_have_the_form_that_cloudflare_takes() -> None:
    found = made()
    assert found[f"sales.{ZONE}-a"].inputs["content"] == "192.0.2.1"
    assert found[f"{ZONE}-spf"].inputs["content"] == '"v=spf1 include:spf.brevo.com ~all"'
    assert found[f"{ZONE}-dkim-brevo1"].inputs["content"] == "b1.example-test.dkim.brevo.com"
    caa = found[f"sales.{ZONE}-caa-issue-letsencrypt.org"].inputs
    assert caa["data"] == {"flags": 0, "tag": "issue", "value": "letsencrypt.org"}
    assert "content" not in caa


def test_an_imported_record_is_taken_as_it_is() -> None:
    found = made(imports={f"sales.{ZONE}-a": "1" * 32})
    kept = {"comment", "content", "data", "priority", "proxied", "settings", "tags", "ttl"}
    assert set(found[f"sales.{ZONE}-a"].ignore_changes) == kept
    assert found[f"app.{ZONE}-a"].ignore_changes == ()


def asked(name: str, *, dry_run: bool, url: str, token: str = TOKEN) -> None:
    """What the look before a creation does for the record of that name."""
    zone = Zone(id=fake_zone.ZONE, token=token, base_url=url, first_wait=0.01)
    look = Look(zone=zone, records=RECORDS, comment=OURS, command=lambda key: f"import {key} {{id}}")

    def program() -> object:
        said: pulumi.Output[str] = pulumi.Output.from_input(ask())
        return said

    async def ask() -> str:
        await look(name)
        return name

    pulumi.runtime.set_mocks(cast(pulumi.runtime.Mocks, None), preview=dry_run)
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi's own has no types


def test_a_record_that_is_there_is_refused_before_one_is_made() -> None:
    with served() as (state, url):
        id = state.add("A", f"sales.{ZONE}", "203.0.113.5")
        with pytest.raises(RuntimeError, match=f"import sales.{ZONE}-a {id}; or delete it there"):
            asked(f"sales.{ZONE}-a", dry_run=False, url=url)
        asked(f"app.{ZONE}-a", dry_run=False, url=url)
        assert state.writes == []


def test_an_api_that_does_not_answer_stops_an_update_and_no_preview() -> None:
    asked(f"sales.{ZONE}-a", dry_run=True, url="http://127.0.0.1:9")
    with pytest.raises(Exception, match="Connection refused"):
        asked(f"sales.{ZONE}-a", dry_run=False, url="http://127.0.0.1:9")


def test_a_token_that_is_refused_stops_a_preview_too() -> None:
    with served() as (_, url), pytest.raises(Exception, match="Authentication error"):
        asked(f"sales.{ZONE}-a", dry_run=True, url=url, token="wrong")


def test_a_stack_without_records_does_not_pay_for_the_provider() -> None:
    code = "import sys, components.dns; sys.exit('pulumi_cloudflare.dns_record' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
