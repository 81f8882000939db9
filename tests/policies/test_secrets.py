"""Rules for secrets. What a message says never holds one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies import Secret
from policies.rules.secrets import no_password_is_a_default, nothing_secret_is_plain
from tests.policies.making import COMMAND, PASSWORD, breaches, broken, resource, unit

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
GENERATED = "random:index/randomPassword:RandomPassword"


@pytest.mark.parametrize(
    "inputs",
    [
        {"apiToken": "not-a-real-token"},
        {"nested": {"password": "not-a-real-password"}},
        {"lines": ["-----BEGIN " + "OPENSSH PRIVATE KEY-----"]},
        {"text": "Host=localhost;Password=not-a-real-one"},
    ],
)
def test_a_plain_secret_is_named_by_its_place_and_never_shown(inputs: dict[str, Any]) -> None:
    breach = broken(nothing_secret_is_plain, resource(RECORD, "a", **inputs))
    assert "looks like a secret" in breach.wrong
    assert "not-a-real" not in str(breach)
    marked: dict[str, Any] = {key: Secret(value=value) for key, value in inputs.items()}
    assert breaches(nothing_secret_is_plain, resource(RECORD, "a", **marked)) == []


def test_the_installer_s_program_text_is_no_secret() -> None:
    text = "password = read_password()"
    chain = f"dhanman:remote:Bootstrap${COMMAND}"
    assert breaches(nothing_secret_is_plain, resource(chain, "b", stdin=text)) == []
    assert broken(nothing_secret_is_plain, resource(f"dhanman:host:Host${COMMAND}", "b", stdin=text))


def broker(password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    users = [{"name": "dhanman_a", "password": password}]
    return {"kind": "rabbitmq_definitions", "vhost": "prod", "users": users, "absent_users": ["guest"]} | more


def settings(**values: Any) -> dict[str, Any]:
    return {"kind": "deployment", "service": "dhanman-sales-prod", "settings": json.dumps(values)}


def connection(password: str) -> dict[str, str]:
    return {"Default": f"Host=localhost;Password={password};Pooling=true"}


def test_generated_passwords_are_no_default() -> None:
    role = {"kind": "postgres_role", "name": "a", "login": True, "password": PASSWORD}
    owner = {"kind": "postgres_role", "name": "dhanman_user", "login": False, "password": None}
    key = {"kind": "object_key", "name": "sales", "password": PASSWORD}
    app = settings(ConnectionStrings=connection(PASSWORD), RabbitMq={"Password": PASSWORD})
    files = {"/etc/root.env": f"ROOT_ACCESS_KEY=root\nROOT_SECRET_KEY={PASSWORD}\n"}
    right = unit(role, owner, key, broker(), app, files=files)
    assert breaches(no_password_is_a_default, right, resource(GENERATED, "p", length=32.0)) == []


@pytest.mark.parametrize(
    "thing",
    [
        {"kind": "postgres_role", "name": "dhanman_user_a", "login": True, "password": "postgres"},
        {"kind": "postgres_role", "name": "dhanman_user_a", "login": True, "password": None},
        {"kind": "postgres_role", "name": "dhanman_user_of_sales", "password": "dhanman_user_of_sales"},
        {"kind": "object_key", "name": "sales", "password": "minioadmin"},
        {"kind": "object_key", "name": "sales", "password": "password1234567890"},
        broker("guest"),
        broker("short-one"),
        settings(ConnectionStrings=connection("changeme")),
        settings(RabbitMq={"Password": "rabbitmq"}),
        settings(ObjectStorage={"SecretKey": "minioadmin"}),
    ],
)
def test_a_password_that_can_be_guessed_is_named_by_its_owner_alone(thing: dict[str, Any]) -> None:
    breach = broken(no_password_is_a_default, unit(thing))
    assert breach.wrong.endswith("can be guessed")
    for given in ("minioadmin", "changeme", "password1234567890", "short-one"):
        assert given not in str(breach)


@pytest.mark.parametrize(
    "line", ["MINIO_ROOT_PASSWORD=minioadmin", "ROOT_SECRET_KEY=", "repo1-cipher-pass=secret"]
)
def test_a_default_in_a_file_is_named_by_its_path(line: str) -> None:
    assert (
        "/etc/some.conf"
        in broken(no_password_is_a_default, unit(files={"/etc/some.conf": f"{line}\n"})).wrong
    )


@pytest.mark.parametrize("more", [{"absent_users": []}, {"users": [{"name": "guest", "password": PASSWORD}]}])
def test_rabbitmq_s_guest_must_go(more: dict[str, Any]) -> None:
    assert "guest" in broken(no_password_is_a_default, unit(broker(**more))).wrong


@pytest.mark.parametrize("line", ["loopback_users = none", "loopback_users.guest = false"])
def test_guest_must_not_come_from_outside(line: str) -> None:
    files = {"/etc/rabbitmq/rabbitmq.conf": f"listeners.tcp.default = 5672\n{line}\n"}
    assert "from outside" in broken(no_password_is_a_default, unit(files=files)).wrong


def test_a_short_generated_password_is_named() -> None:
    assert "8 characters" in broken(no_password_is_a_default, resource(GENERATED, "p", length=8.0)).wrong
