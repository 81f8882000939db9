"""Credentials whose turn is over."""

from __future__ import annotations

from typing import Any

import pytest

from hostctl import amqp, postgres_login, psql
from hostctl.errors import HostError
from hostctl.kinds import build, retired
from hostctl.kinds.retired import PostgresRetiredRole

OLD = "not-a-real-password"
ROLE = {"kind": "postgres_retired_role", "name": "app_a", "password": OLD, "port": 1}
USER = {"kind": "rabbitmq_retired_user", "name": "app_a", "password": OLD, "vhost": "qa", "port": 1}
GONE = {"present": True, "login": False, "password": False, "sessions": 0}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is told to the servers; every login is refused afterwards."""
    words: list[str] = []
    monkeypatch.setattr(retired, "execute", lambda _port, *sql: words.extend(sql))
    monkeypatch.setattr(retired, "delete_user", lambda name: words.append(f"delete {name}"))
    monkeypatch.setattr(PostgresRetiredRole, "observe", lambda _self: GONE)
    monkeypatch.setattr(postgres_login, "refusal", lambda *_: "FATAL: password authentication failed")
    monkeypatch.setattr(amqp, "refusal", lambda *_: "403 ACCESS_REFUSED")
    return words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, []),
        ({"login": True}, ["it can log in"]),
        ({"password": True}, ["it has a password"]),
        ({"sessions": 2}, ["2 sessions of it"]),
    ],
)
def test_a_retired_role_has_no_login_no_password_and_no_session(
    changed: dict[str, Any], words: list[str]
) -> None:
    assert build(ROLE).differs(GONE | changed) == words


def test_a_credential_that_never_was_needs_no_retiring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "query", lambda _port, _sql: {})
    monkeypatch.setattr(retired, "definitions", lambda: {"users": [{"name": "other"}]})
    for wanted in (ROLE, USER):
        thing = build(wanted)
        assert thing.differs(thing.observe()) == []


def test_a_server_that_is_down_is_a_difference_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build(ROLE).differs(None) == ["PostgreSQL does not answer"]
    assert build(USER).differs(None) == ["RabbitMQ does not answer"]


def test_a_role_loses_login_password_and_sessions(said: list[str]) -> None:
    build(ROLE).apply(GONE | {"login": True})
    assert said[0] == 'ALTER ROLE "app_a" NOLOGIN PASSWORD NULL'
    assert said[1].startswith("SELECT pg_terminate_backend(pid, 10000)")


def test_sessions_that_do_not_end_are_named(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresRetiredRole, "observe", lambda _self: GONE | {"sessions": 1})
    with pytest.raises(HostError, match="1 sessions of it"):
        build(ROLE).apply(GONE)


@pytest.mark.parametrize("wanted", [ROLE, USER])
def test_an_old_password_that_still_works_is_an_error(
    said: list[str], monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    build(wanted).apply({"present": True})
    for module in (postgres_login, amqp):
        monkeypatch.setattr(module, "refusal", lambda *_: None)
    with pytest.raises(HostError, match="still accepts a login with the old password"):
        build(wanted).apply({"present": True})


@pytest.mark.parametrize("wanted", [ROLE, USER])
def test_what_was_retired_is_never_brought_back(said: list[str], wanted: dict[str, Any]) -> None:
    thing = build(wanted)
    assert not thing.rolls_back
    thing.restore({"present": True, "login": True, "password": True, "sessions": 1})
    assert not said
    assert OLD not in str(thing.record())
