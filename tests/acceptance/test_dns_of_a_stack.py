"""Records through a whole `pulumi up` and `destroy`, with the CLI and the plugins that this clone has.

Cloudflare is a server that answers as it documents; the server of one's own is a real named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components.dns.rfc2136 import named
from tests.components.dns.rfc2136.named import KEY_NAME, SECRET
from tests.toolchain.providers.cloudflare import fake_zone
from tests.toolchain.providers.cloudflare.fake_zone import TOKEN, FakeZone, served
from tests.trial_stack import CLONE, TrialStack

PROGRAM = """
import json, pathlib
import pulumi
from components import access, specs
from components.dns import DnsRecord, DnsRecordArgs, Look, cloudflare_provider, comment, nothing_in_the_way
from components.dns.existing import Zone
from components.dns.rfc2136.component import DnsZone, DnsZoneArgs
from components.settings import load

given = json.loads(pathlib.Path("given.json").read_text())
config = {f"dhanman:{key}": value for key, value in given["config"].items()}
settings = load("qa", config, project=pathlib.Path("."))
dns = settings.dns
if wanted := specs.dns_zone(settings, dns):
    DnsZone("dns", DnsZoneArgs(wanted=wanted, looked=access.look_at_names(settings)))
else:
    records = specs.dns_records(settings, dns)
    provider = cloudflare_provider("cloudflare", given["token"], base_url=given["url"])
    zone = Zone(id=dns.zone_id, token=given["token"], base_url=given["url"])
    said = comment(settings.environment)
    look = Look(zone=zone, records=records, comment=said, command=lambda key: specs.import_command(settings, key))
    before = nothing_in_the_way(look)
    args = DnsRecordArgs(zone_id=dns.zone_id, records=records, comment=said, imports=dns.imports, before=before)
    DnsRecord("all", args, pulumi.ResourceOptions(providers=[provider]))
"""

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(not CLONE.launcher.exists(), reason="no .venv/bin/pulumi: run `make setup`"),
]


class Stack(TrialStack):
    """A program with nothing but the records in it."""

    def __init__(self, folder: Path, config: dict[str, Any], **given: Any) -> None:
        super().__init__(folder, PROGRAM)
        self._config, self._given = config, given
        self.give()
        self.begin()

    def give(self, **dns: Any) -> None:
        self.write(self._given | {"config": self._config | {"dns": self._config["dns"] | dns}})


def config(zone: str, **dns: Any) -> dict[str, Any]:
    from tests.components.settings.example import CONFIG

    artifact = CONFIG["frontend"]["artifact"]
    services = {
        "sales": {"port": 5106, "domain": f"sales.{zone}", "version": "1.4.2", "artifact": artifact},
    }
    frontend = {"domain": f"app.{zone}", "version": "2.0.0", "artifact": artifact}
    more = {"services": services, "frontend": frontend, "dns": {"zone": zone} | dns}
    return CONFIG | more


@pytest.fixture
def cloudflare(tmp_path: Path) -> Iterator[tuple[FakeZone, Stack]]:
    mail = {
        "spf": {"include": ["spf.brevo.com"]},
        "dkim": {"brevo1": {"cname": "b1.example-com.dkim.brevo.com"}},
        "dmarc": {"rua": ["rua@dmarc.brevo.com"]},
    }
    caa = {"issuers": ["letsencrypt.org"], "wildcardIssuers": []}
    with served() as (state, url):
        given = config("example.com", zoneId=fake_zone.ZONE, caa=caa, mail=mail)
        yield state, Stack(tmp_path, given, token=TOKEN, url=url)


def test_records_are_made_kept_repaired_after_a_refresh_and_removed(
    cloudflare: tuple[FakeZone, Stack],
) -> None:
    zone, stack = cloudflare
    stack.up()
    assert {(record["type"], record["name"]) for record in zone.records.values()} == {
        ("A", "sales.example.com"),
        ("A", "app.example.com"),
        ("CAA", "sales.example.com"),
        ("CAA", "app.example.com"),
        ("TXT", "example.com"),
        ("CNAME", "brevo1._domainkey.example.com"),
        ("TXT", "_dmarc.example.com"),
    }
    assert {record["comment"] for record in zone.records.values()} == {"Managed by Pulumi: dhanman, stack qa"}
    zone.calls.clear()
    stack.run("up", "--yes", "--expect-no-changes")
    assert zone.calls == []
    (record,) = [one for one in zone.at("sales.example.com") if one["type"] == "A"]
    record["content"] = "198.51.100.9"
    assert "[diff: ~content]" in stack.run("up", "--yes", "--refresh")
    assert zone.records[record["id"]]["content"] == "192.0.2.10"
    stack.run("destroy", "--yes")
    assert zone.records == {}


@pytest.mark.slow
def test_a_record_of_others_is_refused_in_a_preview_and_imported_when_told_so(
    cloudflare: tuple[FakeZone, Stack],
) -> None:
    zone, stack = cloudflare
    id = zone.add("A", "sales.example.com", "203.0.113.5", ttl=600, comment="made by hand")
    said = f"pulumi config set --stack qa --path 'dhanman:dns.imports[\"sales.example.com-a\"]' {id}"
    for told in (stack.run("preview", fails=True), stack.up(fails=True)):
        assert "sales.example.com A 203.0.113.5 is at Cloudflare already" in told
        assert said in told
    assert [one["content"] for one in zone.at("sales.example.com") if one["type"] == "A"] == ["203.0.113.5"]

    stack.give(imports={"sales.example.com-a": id})
    stack.run("up", "--yes")
    assert zone.records[id]["content"] == "203.0.113.5", "it is taken as it is"
    stack.run("up", "--yes", "--expect-no-changes")

    stack.give()
    assert "~comment,content,ttl]" in stack.run("up", "--yes")
    assert (zone.records[id]["content"], zone.records[id]["ttl"]) == ("192.0.2.10", 1)
    assert zone.records[id]["comment"] == "Managed by Pulumi: dhanman, stack qa"
    assert [record["type"] for record in zone.at("sales.example.com")].count("A") == 1


def test_a_server_of_one_s_own_is_updated_looked_at_and_left_clean(tmp_path: Path) -> None:
    (tmp_path / "named").mkdir()
    (tmp_path / "stack").mkdir()
    with named.running(tmp_path / "named") as server:
        key = {"name": KEY_NAME, "secret": SECRET}
        own = {"server": "127.0.0.1", "port": server.port, "key": key}
        stack = Stack(tmp_path / "stack", config("example.test", provider="rfc2136", rfc2136=own))
        told = stack.run("preview")
        assert "will be changed: sales.example.test A: nothing -> 192.0.2.10" in told
        assert server.has("sales", "A") == set()
        stack.up()
        assert server.has("sales", "A") == {"192.0.2.10"}
        stack.run("up", "--yes", "--expect-no-changes")

        server.by_hand(("delete", "sales", "A"), ("add", "sales", "A", "198.51.100.9"))
        told = stack.run("preview")
        assert "[diff: ~update]" in told
        assert "will be changed: sales.example.test A: 198.51.100.9 -> 192.0.2.10" in told
        stack.up()
        assert server.has("sales", "A") == {"192.0.2.10"}
        stack.run("up", "--yes", "--expect-no-changes")

        server.by_hand(("add", "billing", "A", "203.0.113.9"))
        stack.run("destroy", "--yes")
        assert server.has("sales", "A") == server.has("_dhanman-qa", "TXT") == set()
        assert server.has("billing", "A") == {"203.0.113.9"}
        assert SECRET not in stack.state and SECRET not in told
