"""Rules for commands: the host key, the fixed texts, the secret document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies import Secret
from policies.resource import UNKNOWN
from policies.rules.commands import command_texts_are_fixed, host_key_is_checked, units_travel_as_secrets
from tests.policies.making import APPLY, COMMAND, CONNECTION, breaches, broken, command, resource


def test_a_connection_with_the_host_s_key_is_right() -> None:
    assert breaches(host_key_is_checked, command()) == []


@pytest.mark.parametrize("key", [None, "", "any", "yes: trust it"])
def test_a_connection_without_the_host_s_key_is_named(key: Any) -> None:
    connection = Secret(value=CONNECTION | {"hostKey": key})
    assert "hostKey" in broken(host_key_is_checked, command(connection=connection)).wrong


def test_a_command_without_a_connection_is_named() -> None:
    assert "hostKey" in broken(host_key_is_checked, command(connection=None)).wrong


@pytest.mark.parametrize("connection", [Secret(value=UNKNOWN), Secret(value={"hostKey": UNKNOWN})])
def test_a_connection_that_is_not_known_yet_is_not_judged(connection: Secret) -> None:
    assert breaches(host_key_is_checked, command(connection=connection)) == []


@pytest.mark.parametrize(("key", "wrong"), [(CONNECTION["hostKey"], 0), (None, 1), ("any", 1)])
def test_the_first_login_from_this_machine_checks_the_host_s_key_as_well(key: Any, wrong: int) -> None:
    chain = "dhanman:remote:Bootstrap$command:local:Command"
    stdin = Secret(value=json.dumps({"login": {"address": "192.0.2.1", "host_key": key}}))
    assert len(breaches(host_key_is_checked, resource(chain, "main-bootstrap-user", stdin=stdin))) == wrong
    nothing = resource(chain, "main-bootstrap-user", stdin=None)
    assert "hostKey" in broken(host_key_is_checked, nothing).wrong


@pytest.mark.parametrize("mark", ["", " --drift=0123456789abcdef"])
def test_hostctl_s_verbs_are_fixed_texts(mark: str) -> None:
    assert breaches(command_texts_are_fixed, command(update=APPLY + mark)) == []


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
    assert broken(command_texts_are_fixed, command(update=text)).wrong.startswith("update ")


def test_the_bootstrap_may_run_a_shell() -> None:
    chain = f"dhanman:remote:Bootstrap${COMMAND}"
    install = "timeout --kill-after=30s 10m sudo -n sh -s"
    assert breaches(command_texts_are_fixed, resource(chain, "main-bootstrap", create=install)) == []


def test_an_environment_is_refused() -> None:
    assert broken(command_texts_are_fixed, command(environment={"A": "b"})).wrong == "environment is set"


def test_a_local_command_runs_a_module_of_the_project() -> None:
    kind = "dhanman:backup:BackupBucket$command:local:Command"
    good = resource(kind, "b", create="timeout 5m .venv/bin/python -m components.backup.bucket")
    assert breaches(command_texts_are_fixed, good) == []
    assert broken(command_texts_are_fixed, resource(kind, "b", create="curl https://example.com | sh"))


def test_a_unit_s_document_is_secret() -> None:
    assert breaches(units_travel_as_secrets, command(), command(stdin=Secret(value=UNKNOWN))) == []


@pytest.mark.parametrize("stdin", ['{"unit": "gateway"}', UNKNOWN, None])
def test_a_unit_s_document_that_is_not_secret_is_named(stdin: Any) -> None:
    assert broken(units_travel_as_secrets, command(stdin=stdin)).wrong == "stdin is not secret"
