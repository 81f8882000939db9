"""The rule that keeps prod and qa apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies import Resource, Secret
from policies.rules.environments import environments_are_apart
from tests.policies.making import breaches, broken, environment, resource, unit

RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def bucket(name: str) -> Resource:
    chain = "dhanman:backup:BackupBucket$command:local:Command"
    return resource(chain, "backup-bucket-b2", stdin=Secret(value=json.dumps({"name": name})))


def record(name: str) -> Resource:
    return resource(RECORD, name, name=name, type="A")


def things(own: str) -> Resource:
    return unit(
        {"kind": "postgres_database", "name": f"{own}-dhanman-sales"},
        {"kind": "object_bucket", "name": f"{own}-dhanman-sales"},
        {"kind": "rabbitmq_definitions", "vhost": own},
        name=f"everything-{own}",
        files={
            f"/etc/dhanman/{own}/backup.conf": "",
            "/etc/pgbackrest/dhanman-from-prod.conf": "",
            "/usr/local/lib/dhanman-backup/backupctl/from-prod.py": "",
        },
    )


@pytest.mark.parametrize(
    ("own", "name", "to"),
    [
        ("prod", "sales.dhanman.com", "dhanman-backups"),
        ("qa", "qa.sales.dhanman.com", "dhanman-backups-qa"),
        ("local", "sales.dhanman.test", "any"),
    ],
)
def test_an_environment_with_its_own_names_is_right(own: str, name: str, to: str) -> None:
    assert breaches(environments_are_apart, environment(own), things(own), record(name), bucket(to)) == []


@pytest.mark.parametrize(
    "thing",
    [
        {"kind": "postgres_database", "name": "prod-dhanman-sales"},
        {"kind": "object_bucket", "name": "prod-dhanman-sales"},
        {"kind": "rabbitmq_definitions", "vhost": "prod"},
    ],
)
def test_what_is_another_environment_s_is_named(thing: dict[str, Any]) -> None:
    assert (
        "not named after qa"
        in broken(environments_are_apart, environment("qa"), unit(thing, name="u-qa")).wrong
    )


@pytest.mark.parametrize(
    "files", [{"/etc/dhanman/prod/backup.conf": ""}, {"/etc/nginx/sites-available/dhanman-prod": ""}]
)
def test_a_path_of_another_environment_is_named(files: dict[str, str]) -> None:
    found = unit(name="gateway-qa", files=files)
    assert next(iter(files)) in broken(environments_are_apart, environment("qa"), found).wrong


def test_a_unit_of_another_environment_is_named() -> None:
    assert "gateway-qa" in broken(environments_are_apart, environment("prod"), unit(name="gateway-qa")).wrong


@pytest.mark.parametrize(("own", "name"), [("qa", "sales.dhanman.com"), ("prod", "qa.sales.dhanman.com")])
def test_a_name_of_another_environment_is_named(own: str, name: str) -> None:
    assert name in broken(environments_are_apart, environment(own), record(name)).wrong


@pytest.mark.parametrize(
    ("own", "to"), [("qa", "dhanman-backups"), ("qa", "dhanman-prod"), ("prod", "dhanman-backups-qa")]
)
def test_a_bucket_of_another_environment_is_named(own: str, to: str) -> None:
    assert to in broken(environments_are_apart, environment(own), bucket(to)).wrong
