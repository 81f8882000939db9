"""PostgreSQL and RabbitMQ kinds against servers that are down, and what their records keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl import psql
from hostctl.errors import HostError, StillNeeded
from hostctl.kinds import build, rabbitmq
from hostctl.kinds.packages import superfluous

ROLE = {
    "kind": "postgres_role",
    "name": "r",
    "login": True,
    "password": "hunter22",
    "member_of": None,
    "port": 1,
}
DATABASE = {"kind": "postgres_database", "name": "d", "owner": "r", "port": 1}
VHOST: dict[str, Any] = {
    "kind": "rabbitmq_definitions", "vhost": "v", "users": [{"name": "u", "password": "hunter22", "tags": []}],
    "absent_users": ["guest"], "vhost_limits": {},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "query", lambda _port, _sql: None)
    monkeypatch.setattr(rabbitmq.RabbitmqDefinitions, "observe", lambda _self: None)


def test_no_record_keeps_a_password() -> None:
    for wanted in (ROLE, VHOST):
        assert "hunter22" not in str(build(wanted).record())


def test_a_server_that_is_down_is_a_difference_in_words() -> None:
    assert build(ROLE).differs(None) == ["PostgreSQL does not answer"]
    assert build(VHOST).differs(None) == ["RabbitMQ does not answer"]


def test_a_role_stays_named_when_its_server_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psql, "is_installed", lambda: True)
    with pytest.raises(StillNeeded, match="does not answer"):
        build(ROLE).restore({"present": False})


def test_data_whose_server_is_down_is_not_called_deleted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(psql, "is_installed", lambda: True)
    monkeypatch.setattr(rabbitmq, "CONTROL", tmp_path)
    for wanted in (DATABASE, VHOST):
        with pytest.raises(HostError, match="does not answer") as failed:
            build(wanted).restore({"present": False, "users": {}, "permissions": {}})
        assert not isinstance(failed.value, StillNeeded)


def test_where_the_server_is_gone_nothing_is_left_to_remove(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(psql, "CLIENT", tmp_path / "none")
    monkeypatch.setattr(rabbitmq, "CONTROL", tmp_path / "none")
    for wanted in (ROLE, DATABASE, VHOST):
        build(wanted).restore({"present": False, "users": {}, "permissions": {}})


def test_a_rabbitmq_hash_matches_its_password_alone() -> None:
    made = rabbitmq.password_hash("pencil")
    assert rabbitmq.hash_matches("pencil", made)
    assert not rabbitmq.hash_matches("pen", made)


def test_packages_go_when_neither_a_wish_nor_a_foreign_package_needs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = ["app\tlib | other", "lib\t", "theirs\tshared", "shared\t", "tool\tlib2 (>= 1)", "lib2\t"]
    listing = "".join(f"installed\t{row.split(chr(9))[0]}\t, {row.split(chr(9))[1]}\t\n" for row in rows)

    class Done:
        stdout = listing

    monkeypatch.setattr("hostctl.kinds.packages.run", lambda _argv: Done)
    ours = {"app", "lib", "shared", "tool", "lib2"}
    assert superfluous(ours, {"tool"}) == {"app", "lib"}
