"""What is refused, in which words, and what never gets into a message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.settings import StackFile, load
from components.settings.messages import keys_of
from tests.components.settings.example import DELETE, HOST_KEY, Load, changed

Problems = Callable[..., list[str]]

BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "duplicate port",
        {"services/sales/port": 5101},
        "services/sales/port: 5101 is also services/common/port",
    ),
    ("port of PostgreSQL", {"services/sales/port": 5432}, "services/sales/port: 5432 is also postgres/port"),
    ("reserved port", {"services/sales/port": 25672}, "services/sales/port: 25672 is RabbitMQ's node port"),
    (
        "privileged port",
        {"services/sales/port": 80},
        "services/sales/port: must be at least 1024, since lower",
    ),
    (
        "port above all",
        {"services/sales/port": 70000},
        "services/sales/port: must be at most 65535, not 70000",
    ),
    (
        "slot on a service's port",
        {"services/sales/slotPorts": {"blue": 5101, "green": 7006}},
        "services/sales/slotPorts/blue: 5101 is also services/common/port",
    ),
    (
        "both slots on one port",
        {"services/sales/slotPorts": {"blue": 6006, "green": 6006}},
        "services/sales/slotPorts/green: 6006 is also services/sales/slotPorts/blue",
    ),
    (
        "slot on RabbitMQ's port",
        {"services/sales/slotPorts": {"blue": 25672, "green": 7006}},
        "services/sales/slotPorts/blue: 25672 is RabbitMQ's node port",
    ),
    (
        "slots of two services on one port",
        {
            "services/common/slotPorts": {"blue": 6001, "green": 7001},
            "services/sales/slotPorts": {"blue": 6006, "green": 6001},
        },
        "services/sales/slotPorts/green: 6001 is also services/common/slotPorts/blue",
    ),
    (
        "privileged port of a slot",
        {"services/sales/slotPorts": {"blue": 443, "green": 7006}},
        "services/sales/slotPorts/blue: must be at least 1024, since lower",
    ),
    (
        "port of a slot that connections take",
        {"services/sales/slotPorts": {"blue": 6006, "green": 40000}},
        "services/sales/slotPorts/green: must be at most 32767, since higher ports are taken by outgoing",
    ),
    (
        "one slot without a port",
        {"services/sales/slotPorts": {"blue": 6006}},
        "services/sales/slotPorts/green: is missing",
    ),
    (
        "a third slot",
        {"services/sales/slotPorts": {"blue": 6006, "green": 7006, "red": 8006}},
        "services/sales/slotPorts/red: unknown key",
    ),
    (
        "port as a word",
        {"services/sales/port": "http"},
        "services/sales/port: must be a whole number, not 'http'",
    ),
    ("port true", {"services/sales/port": True}, "services/sales/port: must be a whole number, not true"),
    (
        "unknown key",
        {"services/sales/memoryMaks": "2GiB"},
        "memoryMaks: unknown key; did you mean memoryMax?",
    ),
    ("unknown top-level key", {"colour": "red"}, "colour: unknown key; docs/settings.md lists all keys"),
    ("number as a key", {"gateway": {1: 2}}, "gateway/1: unknown key"),
    ("python spelling", {"delete_data": True}, "delete_data: unknown key; did you mean deleteData?"),
    ("bad domain", {"services/sales/domain": "Sales_x"}, "services/sales/domain: must be a full domain name"),
    ("duplicate domain", {"frontend/domain": "sales.example.com"}, "is also services/sales/domain"),
    (
        "domain outside the zone",
        {"dns": {"zone": "other.org"}},
        "common.example.com is not in the zone other.org",
    ),
    (
        "bad network",
        {"network": {"sshSources": ["10.0.0.1/8"]}},
        "network/sshSources/0: must be a network in CIDR",
    ),
    (
        "bad hangfire network",
        {"services/sales/hangfireAllow": ["all"]},
        "services/sales/hangfireAllow/0: must be a",
    ),
    ("bad e-mail", {"operatorEmail": "ops at dhanman"}, "operatorEmail: must be an e-mail address"),
    ("bad time", {"backup": {"schedule": "25:00"}}, "backup/schedule: must be a time (02:00), a cron line"),
    (
        "bad cron",
        {"backup": {"schedule": "0 24 * * *"}},
        "backup/schedule: must be a time (02:00), a cron line",
    ),
    (
        "bad address",
        {"hosts/main/address": "51.79.156"},
        "hosts/main/address: must be an IPv4 or IPv6 address",
    ),
    ("missing address", {"hosts/main/address": DELETE}, "hosts/main/address: is missing"),
    ("unknown host", {"roles/gateway": ["web"]}, "roles/gateway/0: there is no host web; hosts has main"),
    ("role without host", {"roles/postgres": []}, "roles/postgres: must not be empty"),
    ("missing role", {"roles/backup": DELETE}, "roles/backup: is missing"),
    ("host named twice", {"roles/services": ["main", "main"]}, "roles/services/1: main is named twice"),
    ("two database hosts", {"roles/postgres": ["main", "main"]}, "roles/postgres: must have at most 1 entry"),
    (
        "memory too small",
        {"hosts/main/memory": "2GiB"},
        "hosts/main/memory: 2 GiB is too little: shared_buffers 0.5",
    ),
    ("ceilings too high", {"services/sales/memoryMax": "40GiB"}, "half of the services' memoryMax 21"),
    ("absurd buffers", {"postgres": {"sharedBuffers": "15GiB"}}, "hosts/main/memory: 16 GiB is too little"),
    ("bad size", {"hosts/main/memory": "16 gigs"}, "hosts/main/memory: must be a size with its unit"),
    (
        "size without unit",
        {"services/sales/memoryMax": 2048},
        "services/sales/memoryMax: must be a size with its unit",
    ),
    ("quota above the cores", {"services/sales/cpuQuota": "900%"}, "900% is more than the 8 cores"),
    (
        "bad quota",
        {"services/sales/cpuQuota": 2},
        "services/sales/cpuQuota: must be a percentage such as 200%",
    ),
    (
        "bad version",
        {"services/sales/version": "../1.0"},
        "services/sales/version: must be a version such as 1.4.2",
    ),
    (
        "version as number",
        {"services/sales/version": 1.4},
        "services/sales/version: must be text; put it in quotes",
    ),
    (
        "missing artifact",
        {"services/sales/artifact": {"path": "build/sales"}},
        "services/sales/artifact/path: build/sales does not exist; build it, or correct the path",
    ),
    (
        "an artifact that is not the one of the digest",
        {"services/sales/artifact": {"path": ".", "sha256": "0" * 64}},
        "services/sales/artifact/sha256: is not that of . (",
    ),
    (
        "URL without digest",
        {"services/sales/artifact": {"url": "https://example.com/x.tar.gz"}},
        "services/sales/artifact: url needs the sha256 of the archive beside it",
    ),
    (
        "plain http",
        {"services/sales/artifact/url": "http://example.com/x.tar.gz"},
        "services/sales/artifact/url: must be a URL that starts with https://",
    ),
    (
        "bad digest",
        {"services/sales/artifact/sha256": "abc"},
        "services/sales/artifact/sha256: must be a SHA-256",
    ),
    (
        "two sources",
        {"services/sales/artifact/path": "x"},
        "services/sales/artifact: needs exactly one of path and url",
    ),
    (
        "bad service name",
        {"services": {"Sales!": {}}},
        "services/Sales!: must be a name of 2 to 18 lower-case",
    ),
    ("no services", {"services": {}}, "services: must not be empty"),
    ("services as a list", {"services": ["sales"]}, "services: must be a mapping"),
    ("pools too large", {"services/sales/pool": {"max": 100}}, "postgres/maxConnections: 200 is too few"),
    (
        "min above max",
        {"services/sales/pool": {"max": 5, "min": 9}},
        "services/sales/pool: min must not be larger",
    ),
    (
        "secret as number",
        {"services/sales/secrets": {"Jwt.Key": 5}},
        "secrets/Jwt.Key: must be text; put it in quotes",
    ),
    ("empty secret", {"services/sales/secrets": {"Jwt.Key": " "}}, "secrets/Jwt.Key: must not be empty"),
    (
        "secret set twice",
        {"services/sales/secrets": {"Jwt.Key": "x"}, "services/sales/settings": {"Jwt": {"Key": "y"}}},
        "services/sales/secrets/Jwt.Key: is also in settings; keep it in one of the two",
    ),
    (
        "bad host key",
        {"hosts/main/hostKey": "ssh-ed25519 AAAA"},
        "hosts/main/hostKey: must be a public key of the",
    ),
    (
        "two ways in",
        {"ssh/privateKeyFile": "~/.ssh/id"},
        "ssh: needs exactly one of privateKey, privateKeyFile and",
    ),
    (
        "private key cut off",
        {"ssh": {"privateKey": "abc"}},
        "ssh/privateKey: must be a private key with all its lines",
    ),
    ("rotation below none", {"rotation": {"postgres": -1}}, "rotation/postgres: must be at least 0, not -1"),
    (
        "rotation of something else",
        {"rotation": {"redis": 1}},
        "rotation/redis: unknown key",
    ),
    ("bad deploy key", {"ssh/deployKeys": ["me"]}, "ssh/deployKeys/0: must be a public key"),
    ("bad time zone", {"hosts/main/timeZone": "Mars/Base"}, "hosts/main/timeZone: must be a time zone"),
    ("wrong environment", {"environment": "prod"}, "environment: prod can't be the environment of stack qa"),
    (
        "unknown environment",
        {"environment": "dev"},
        "environment: must be 'prod', 'qa' or 'local', not 'dev'",
    ),
    ("unknown runtime", {"runtime": {"kind": "java"}}, "runtime: kind must be one of 'dotnet', 'executable'"),
    ("runtime without kind", {"runtime": {"version": "9.0"}}, "runtime: needs its kind"),
    (
        "unknown field in a command",
        {"runtime": {"kind": "executable", "command": "{home}/run"}},
        "runtime/command: must be a command on one line in which {release} and {urls} are",
    ),
    (
        "bad runtime version",
        {"runtime": {"kind": "dotnet", "version": "9"}},
        "runtime/version: must have the form",
    ),
    (
        "bad fingerprint",
        {"postgres": {"repository": {"uri": "https://x.org", "keyFile": "k", "fingerprint": "12"}}},
        "postgres/repository/fingerprint: must be an OpenPGP fingerprint",
    ),
    (
        "proxied with ttl",
        {"dns": {"zone": "example.com", "proxied": True, "ttl": 300}},
        "dns: a proxied record has",
    ),
    ("relative folder", {"backup": {"directory": "backups"}}, "backup/directory: must be an absolute path"),
    (
        "path that climbs",
        {"backup": {"directory": "/backups/../etc"}},
        "backup/directory: must be an absolute path",
    ),
    (
        "private address outside",
        {"hosts/main/privateAddress": "172.16.0.1"},
        "is in none of network/privateRanges",
    ),
    (
        "two hosts, one address",
        {"hosts/db": {"address": "192.0.2.10", "hostKey": HOST_KEY, "memory": "4GiB", "cores": 2}},
        "hosts/db/address: 192.0.2.10 is also hosts/main/address",
    ),
    (
        "backup without database",
        {"hosts/db": {"address": "192.0.2.11", "memory": "4GiB", "cores": 2}, "roles/backup": ["db"]},
        "roles/backup: db has no PostgreSQL",
    ),
    ("canary for all", {"services/sales/canary": {"share": "60%"}}, "services/sales/canary/share: must be"),
    (
        "canary as a number",
        {"services/sales/canary": {"share": 10}},
        "share: must be a percentage such as 10%",
    ),
    (
        "canary too short",
        {"services/sales/canary": {"duration": 5}},
        "services/sales/canary/duration: must be",
    ),
    ("set of one", {"releaseSets": {"billing": ["sales"]}}, "releaseSets/billing: "),
    (
        "set of strangers",
        {"releaseSets": {"billing": ["sales", "common", "salse"]}},
        "releaseSets/billing/2: there is no service salse; services has common, sales",
    ),
    (
        "one service in two sets",
        {"releaseSets": {"one": ["sales", "common"], "two": ["sales", "sales"]}},
        "releaseSets/two/0: sales is also releaseSets/one/0",
    ),
    (
        "canary in a set",
        {"releaseSets": {"one": ["sales", "common"]}, "services/sales/canary": {}},
        "releaseSets/one/0: sales has a canary",
    ),
]


@pytest.mark.parametrize(("changes", "line"), [pytest.param(c, line, id=name) for name, c, line in BAD])
def test_a_wrong_value_gets_one_plain_line(problems: Problems, changes: dict[str, Any], line: str) -> None:
    found = problems(changes)
    assert [text for text in found if line in text], found
    assert all(text.startswith("Pulumi.qa.yaml: ") and "\n" not in text for text in found)


ONE_LINE = [
    case
    for case in BAD
    if case[0]
    not in {"domain outside the zone", "bad service name", "unknown host", "one service in two sets"}
]


@pytest.mark.parametrize("changes", [pytest.param(c, id=name) for name, c, _ in ONE_LINE])
def test_one_mistake_is_one_problem(problems: Problems, changes: dict[str, Any]) -> None:
    assert len(problems(changes)) == 1


def test_all_problems_come_at_once(problems: Problems) -> None:
    found = problems(
        {
            "colour": "red",
            "hosts/main/address": "nowhere",
            "services/sales/domain": "x",
            "services/sales/port": 5101,
            "roles/gateway": ["web"],
            "postgres": {"maxConnections": 20, "port": "x"},
            "backup": {"schedule": "soon"},
        }
    )
    for path in (
        "colour",
        "hosts/main/address",
        "services/sales/domain",
        "services/sales/port",
        "roles/gateway/0",
        "postgres/port",
        "backup/schedule",
    ):
        assert [line for line in found if f"yaml: {path}: " in line], (path, found)


SENTINEL = "s3ntinel"


@pytest.mark.parametrize(
    "changes",
    [
        {"services/sales/secrets": {"Jwt.Key": [SENTINEL]}},
        {"services/sales/secrets": {"Jwt Key": SENTINEL}},
        {"services/sales/secrets": SENTINEL},
        {"ssh": {"privateKey": SENTINEL}},
        {"ssh": {"privateKey": {"a": SENTINEL}}},
        {
            "backup": {
                "bucket": {"kind": "b2", "name": "backups", "keyId": "x" + SENTINEL + "!", "key": [SENTINEL]}
            }
        },
        {"backup": {"bucket": {"kind": "b2", "name": "backups", "keyid": SENTINEL, "key": SENTINEL}}},
        {"services/sales/passwrod": SENTINEL},
        {"services/sales/settings": SENTINEL},
        {"services/sales/artifact/url": f"https://user:{SENTINEL}@example.com/x.tar.gz"},
        {"operatorEmail": f"-----BEGIN PRIVATE KEY-----\n{SENTINEL}"},
    ],
)
def test_no_secret_is_ever_echoed(problems: Problems, changes: dict[str, Any]) -> None:
    assert SENTINEL not in "".join(problems(changes))


def test_what_pulumi_keeps_secret_is_not_echoed(problems: Problems) -> None:
    changes = {"operatorEmail": SENTINEL, "services/sales/domain": SENTINEL, "services/common/port": SENTINEL}
    found = problems(changes, secret_keys=["dhanman:operatorEmail", "services/sales/domain"])
    assert [line for line in found if SENTINEL in line] == [
        f"Pulumi.qa.yaml: services/common/port: must be a whole number, not '{SENTINEL}'"
    ]


def test_a_rule_does_not_echo_a_secret_either(problems: Problems) -> None:
    found = problems({"services/sales/port": 5101}, secret_keys=["dhanman:services"])
    assert len(found) == 1
    assert "5101" not in found[0]


def test_secrets_are_hidden_in_the_settings_text(load_changed: Load) -> None:
    settings = load_changed({"services/sales/secrets": {"Jwt.Key": SENTINEL}})
    assert settings.services["sales"].secrets["Jwt.Key"].get_secret_value() == SENTINEL
    assert SENTINEL not in repr(settings)


def test_config_as_pulumi_hands_it_over_is_the_same(tmp_path: Path, load_changed: Load) -> None:
    config = changed({"deleteData": True, "backup": {"retentionDays": "7"}})
    as_text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    settings = load("qa", as_text, project=tmp_path)
    assert settings.delete_data is True
    assert settings.backup.retention_days == 7
    assert settings.services == load_changed().services


def test_other_namespaces_are_left_alone(tmp_path: Path) -> None:
    config = changed({}) | {"pulumi:disable-default-providers": ["*"], "random:x": "y"}
    assert load("qa", config, project=tmp_path).environment == "qa"


def test_the_overlay_is_merged_and_named_in_messages(problems: Problems) -> None:
    overlay = {"hosts": {"main": {"address": "nowhere"}}}
    found = problems({"hosts/main/cores": 0}, overlay=overlay)
    assert found == [
        ".local/overlay.yaml: hosts/main/address: must be an IPv4 or IPv6 address such as 192.0.2.10, "
        "not 'nowhere'",
        "Pulumi.qa.yaml: hosts/main/cores: must be at least 1, not 0",
    ]


def test_pools_share_out_what_the_reserve_leaves(load_changed: Load) -> None:
    settings = load_changed({"services/sales/pool": {"max": 30, "min": 3}})
    assert settings.pool_of("sales").max == 30
    # (200 - 15 - 2 x 30) / 2
    assert settings.pool_of("common").max == 62


def test_the_input_is_not_changed_by_loading(tmp_path: Path) -> None:
    config = changed({"hosts/main/hostKey": DELETE})
    before = json.dumps(config)
    load("qa", config, project=tmp_path)
    assert json.dumps(config) == before


def test_an_artifact_folder_and_archive_are_accepted_but_no_other_file(
    tmp_path: Path, load_changed: Load, problems: Problems
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "sales.tar.gz").touch()
    (tmp_path / "sales.zip").touch()
    for path in ("folder", "sales.tar.gz"):
        assert (
            load_changed({"services/sales/artifact": {"path": path}}).services["sales"].artifact.path == path
        )
    found = problems({"services/sales/artifact": {"path": "sales.zip"}})
    assert found == [
        "Pulumi.qa.yaml: services/sales/artifact/path: sales.zip is neither a folder nor a .tar.gz"
    ]


def test_every_key_is_documented() -> None:
    documented = (Path(__file__).parents[3] / "docs/settings.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[A-Za-z0-9]+", documented))
    assert sorted(set(keys_of(StackFile)) - words) == []
