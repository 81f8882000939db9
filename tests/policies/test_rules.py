"""The rules, over what the project's stacks register and over resources that break them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from policies import Resource, check, resources
from policies.__main__ import main
from policies.resource import SECRET
from tests.components.recording import Recording, Registered, record, stack_settings

HEAD = "urn:pulumi:prod::dhanman::dhanman:environment:Environment$"
APPLY = "timeout --kill-after=30s 30m sudo -n /usr/local/lib/dhanman/hostctl apply"


def resource(chain: str, name: str, *, protect: bool = False, **inputs: Any) -> Resource:
    return Resource(urn=f"{HEAD}{chain}::{name}", inputs=inputs, protect=protect)


def command(**inputs: Any) -> Resource:
    wanted = {"connection": SECRET, "create": APPLY, "stdin": SECRET} | inputs
    return resource("dhanman:gateway:Gateway$command:remote:Command", "gateway-nginx", **wanted)


def opened(registered: Registered) -> Resource:
    """As a preview shows it, but with the connection's members."""
    inputs = registered.masked()
    if "connection" in inputs:
        inputs["connection"] = registered.plain("connection") | {"privateKey": SECRET}
    return Resource(urn=registered.urn, inputs=inputs, protect=registered.protect)


@pytest.fixture(scope="module")
def qa() -> Recording:
    from components.environment import Environment

    return record(lambda: Environment(stack_settings("qa")), stack="qa")


def test_the_qa_stack_keeps_every_rule_with_its_connections_open(qa: Recording) -> None:
    found = [opened(r) for r in qa.resources if not r.type.startswith("pulumi:providers:")]
    assert len(found) > 40
    assert check(found) == []


def test_a_correct_command_breaks_nothing() -> None:
    assert check([command()]) == []


@pytest.mark.parametrize("connection", [{"host": "192.0.2.1"}, {"host": "192.0.2.1", "hostKey": ""}, None])
def test_a_connection_without_a_host_key_is_named(connection: Any) -> None:
    (line,) = check([command(connection=connection)])
    assert "gateway-nginx" in line
    assert "hostKey" in line


@pytest.mark.parametrize(
    "text",
    [
        "rm -rf /srv",
        f"{APPLY}; echo done",
        f"{APPLY} gateway",
        "timeout --kill-after=30s 30m sudo -n /usr/local/lib/dhanman/hostctl revert",
        "timeout --kill-after=30s 30m sudo -n sh -s",
    ],
)
def test_a_text_that_is_not_fixed_is_refused(text: str) -> None:
    assert any(
        line.endswith(("fixed command texts", "only the bootstrap may"))
        for line in check([command(update=text)])
    )


def test_a_local_command_runs_a_module_of_the_project() -> None:
    kind = "dhanman:backup:BackupBucket$command:local:Command"
    good = "timeout 5m /srv/.venv/bin/python3 -m components.backup.bucket"
    assert check([resource(kind, "b", protect=True, create=good)]) == []
    assert check([resource(kind, "b", protect=True, create="curl https://example.com | sh")])


@pytest.mark.parametrize(
    ("chain", "name", "broken"),
    [
        ("dhanman:postgres:Database$command:remote:Command", "sales-database", True),
        (
            "dhanman:postgres:PostgresServer$random:index/randomPassword:RandomPassword",
            "postgres-password",
            True,
        ),
        ("dhanman:rabbitmq:Rabbitmq$command:remote:Command", "rabbitmq-vhost", True),
        ("dhanman:backup:BackupBucket$command:local:Command", "backup-bucket-b2", True),
        ("dhanman:backup:BackupBucket$cloudflare:index/r2Bucket:R2Bucket", "backup-bucket-r2", True),
        (
            "dhanman:backup:BackupBucket$cloudflare:index/accountToken:AccountToken",
            "backup-bucket-1-key",
            False,
        ),
        ("dhanman:postgres:PostgresServer$command:remote:Command", "postgres-roles", False),
        ("dhanman:gateway:Gateway$command:remote:Command", "gateway-nginx", False),
    ],
)
def test_what_holds_data_is_protected(chain: str, name: str, broken: bool) -> None:
    inputs: dict[str, Any] = {"connection": SECRET} if "remote" in chain else {}
    assert bool(check([resource(chain, name, **inputs)])) is broken
    assert not check([resource(chain, name, protect=True, **inputs)])
    local = Resource(urn=f"{HEAD}{chain}::{name}".replace("prod", "local", 1), inputs=inputs)
    assert not check([local])


def test_a_password_that_was_rotated_can_be_replaced() -> None:
    chain = "dhanman:postgres:PostgresServer$random:index/randomPassword:RandomPassword"
    assert check([resource(chain, "postgres-password", keepers={})])
    assert not check([resource(chain, "postgres-password", keepers={"turn": "2"})])


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
    (line,) = check([resource("cloudflare:index/dnsRecord:DnsRecord", "a", **inputs)])
    assert "looks like a secret" in line
    assert "not-a-real" not in line


def test_a_unit_s_document_must_be_secret() -> None:
    assert check([command(stdin='{"unit": "gateway"}')]) == [
        "gateway-nginx (command:remote:Command): stdin is not secret"
    ]


def run(monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return main()


def preview(**state: Any) -> str:
    urn = f"{HEAD}command:remote:Command::x"
    deleted = {"op": "delete", "urn": urn, "oldState": {"urn": urn, "inputs": {"create": "rm"}}}
    return json.dumps({"steps": [deleted, {"op": "create", "newState": {"urn": urn} | state}]})


def test_the_command_line_says_what_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"connection": SECRET, "create": APPLY, "stdin": SECRET}
    assert run(monkeypatch, preview(inputs=good)) == 0
    assert "1 resources keep" in capsys.readouterr().out
    assert run(monkeypatch, preview(inputs=good | {"create": "rm"})) == 1
    assert capsys.readouterr().err.startswith("error: x (command:remote:Command): create")


@pytest.mark.parametrize("text", ["", "{}", '{"steps": []}', "[]"])
def test_a_preview_that_failed_does_not_pass(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert run(monkeypatch, text) == 2


def test_what_will_be_deleted_is_not_judged() -> None:
    assert len(list(resources(json.loads(preview())))) == 1
