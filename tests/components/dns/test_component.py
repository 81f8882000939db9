from __future__ import annotations

import subprocess
import sys
from typing import Any

import pulumi
import pytest

from components.dns import DnsRecord, DnsRecordArgs, DnsRecordSpec, cloudflare_provider


class Recorder(pulumi.runtime.Mocks):
    """Remembers what was registered."""

    def __init__(self) -> None:
        self.made: dict[str, pulumi.runtime.MockResourceArgs] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made[args.name] = args
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)


@pytest.fixture
def recorder() -> Recorder:
    mocks = Recorder()
    pulumi.runtime.set_mocks(mocks, preview=False)
    return mocks


SPEC = DnsRecordSpec(
    environment="prod", zone="dhanman.com", domain="sales.dhanman.com", ipv4="192.0.2.1", ipv6="2001:db8::1"
)


def test_both_records_are_made_by_the_environments_own_provider(recorder: Recorder) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        provider = cloudflare_provider("cloudflare", "x" * 40)
        opts = pulumi.ResourceOptions(providers=[provider])
        record = DnsRecord("dns-sales", DnsRecordArgs(zone_id="zone", record=SPEC), opts)
        assert record.fqdn == "sales.dhanman.com"

    program()
    made = recorder.made
    assert made["dns-sales"].typ == "dhanman:dns:DnsRecord"
    for name, content in (("dns-sales-a", "192.0.2.1"), ("dns-sales-aaaa", "2001:db8::1")):
        assert made[name].typ == "cloudflare:index/dnsRecord:DnsRecord"
        assert (made[name].inputs["name"], made[name].inputs["content"]) == ("sales.dhanman.com", content)
        assert made[name].inputs["zoneId"] == "zone"
        assert "::cloudflare::" in (made[name].provider or "")


def test_a_stack_without_records_does_not_pay_for_the_provider() -> None:
    code = "import sys, components.dns; sys.exit('pulumi_cloudflare' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
