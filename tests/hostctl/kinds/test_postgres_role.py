"""Roles, and what can be told of them from a manifest, in which no password is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl import postgres_login, psql, scram
from hostctl.errors import HostError
from hostctl.kinds import Kind, build, postgres, postgres_cluster, postgres_role
from hostctl.kinds.postgres_role import PostgresRole

PASSWORD = "not-a-real-password"
LOGIN = {
    "kind": "postgres_role", "name": "app_a", "login": True, "password": PASSWORD, "member_of": "app", "port": 1,
}  # fmt: skip
STATE: dict[str, Any] = {
    "present": True, "login": True, "verifier": scram.verifier(PASSWORD), "attributes": [], "connections": -1,
    "until": None, "member_of": ["app"], "acts_as": "app",
}  # fmt: skip
DATABASE = {"kind": "postgres_database", "name": "d", "owner": "app", "port": 1}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is executed; logins succeed."""
    said: list[str] = []
    for module in (postgres, postgres_role):
        monkeypatch.setattr(module, "execute", lambda _port, *sql: said.extend(sql))
    monkeypatch.setattr(postgres_login, "refusal", lambda _port, _user, _password: None)
    return said


def from_manifest(thing: Kind) -> Kind:
    return build(thing.record() | {"kind": thing.name})


def seen() -> Kind:
    role = build(LOGIN)
    assert role.differs(STATE) == []
    return from_manifest(role)


def test_a_role_that_matches_its_password_matches_its_record() -> None:
    assert seen().differs(STATE) == []
    assert PASSWORD not in str(seen().record())
    assert STATE["verifier"] not in str(seen().record())


def test_a_password_changed_by_hand_is_seen_from_the_record() -> None:
    assert seen().differs(STATE | {"verifier": scram.verifier("other")}) == ["password"]
    assert seen().differs(STATE | {"verifier": None}) == ["password"]


def test_the_record_is_of_the_password_that_was_applied(statements: list[str]) -> None:
    role = build(LOGIN)
    role.apply({"present": False})
    (applied,) = [s.split("PASSWORD '")[1].rstrip("'") for s in statements if " PASSWORD '" in s]
    assert from_manifest(role).differs(STATE | {"verifier": applied}) == []
    assert from_manifest(role).differs(STATE) == ["password"]


def test_a_record_of_an_older_version_says_nothing_of_passwords() -> None:
    record = {k: v for k, v in LOGIN.items() if k != "password"}
    assert build(record).differs(STATE) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"login": False}, "login False -> True"),
        ({"attributes": ["SUPERUSER", "BYPASSRLS"]}, "has SUPERUSER has BYPASSRLS"),
        ({"connections": 3}, "at most 3 connections"),
        ({"until": "2026-01-01T00:00:00+00:00"}, "password valid until 2026-01-01T00:00:00+00:00"),
        ({"member_of": []}, "not a member of app"),
        ({"member_of": ["app", "pg_read_all_data"]}, "a member of pg_read_all_data"),
        ({"acts_as": None}, "does not act as app"),
    ],
)
def test_what_was_changed_by_hand_is_seen_from_the_record(changed: dict[str, Any], words: str) -> None:
    assert " ".join(seen().differs(STATE | changed)) == words


def test_rights_given_by_hand_are_taken_back(statements: list[str]) -> None:
    by_hand = STATE | {"attributes": ["SUPERUSER"], "member_of": ["app", "pg_monitor"]}
    build(LOGIN).apply(by_hand)
    assert "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" in statements[0]
    assert 'REVOKE "pg_monitor" FROM "app_a"' in statements


def test_a_role_that_was_taken_over_gets_its_rights_back(
    statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresRole, "observe", lambda _self: STATE)
    before = STATE | {"attributes": ["CREATEDB"], "member_of": ["pg_monitor"], "connections": 5}
    build(LOGIN).restore(before)
    assert "NOSUPERUSER CREATEDB NOCREATEROLE" in statements[0]
    assert "CONNECTION LIMIT 5" in statements[0]
    assert {'REVOKE "app" FROM "app_a"', 'GRANT "pg_monitor" TO "app_a"'} <= set(statements)


def test_an_origin_of_an_older_version_leaves_rights_alone(
    statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresRole, "observe", lambda _self: STATE)
    older = ("attributes", "connections", "until")
    build(LOGIN).restore({k: v for k, v in STATE.items() if k not in older})
    assert "SUPERUSER" not in statements[0]


def test_a_new_password_that_the_server_refuses_fails_the_role(
    statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_login, "refusal", lambda _port, _user, _password: "FATAL: no")
    with pytest.raises(HostError, match="refuses a login with the new password"):
        build(LOGIN).apply(STATE)


def test_a_role_whose_login_is_left_alone_is_as_wanted_either_way(statements: list[str]) -> None:
    role = build({**LOGIN, "login": None, "password": None})
    assert role.differs(STATE) == []
    assert role.differs(STATE | {"login": False, "verifier": None}) == []
    role.apply({"present": False})
    assert not {"LOGIN", "NOLOGIN", "PASSWORD"} & set(statements[0].split())


def test_a_database_that_lets_nobody_in_is_opened_again(statements: list[str]) -> None:
    database = build(DATABASE)
    closed = {"present": True, "owner": "app", "public": False, "connections": False}
    assert from_manifest(database).differs(closed) == ["nobody may connect"]
    database.apply(closed)
    assert 'ALTER DATABASE "d" ALLOW_CONNECTIONS true' in statements


def test_a_database_taken_over_closed_is_closed_again(
    statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {"present": True, "owner": "app", "public": True, "connections": False}
    monkeypatch.setattr(psql, "query", lambda _port, _sql: before)
    build(DATABASE).restore(before)
    assert statements[-1] == 'ALTER DATABASE "d" ALLOW_CONNECTIONS false'


def test_a_cluster_is_there_when_its_configuration_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_cluster, "CONFIGURATION", tmp_path)
    cluster = build({"kind": "postgres_cluster", "version": 18, "cluster": "main"})
    assert cluster.differs(cluster.observe()) == ["missing"]
    (tmp_path / "18/main").mkdir(parents=True)
    (tmp_path / "18/main/postgresql.conf").touch()
    assert cluster.differs(cluster.observe()) == []
