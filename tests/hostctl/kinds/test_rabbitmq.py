"""A vhost, its users, and what can be told of them from a manifest, in which no password is."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hostctl import amqp, erlang
from hostctl.errors import HostError
from hostctl.kinds import Kind, build, rabbitmq
from hostctl.kinds.rabbitmq import FULL, RabbitmqDefinitions, password_hash

PASSWORD = "not-a-real-password"
STORED = password_hash(PASSWORD)
VHOST: dict[str, Any] = {
    "kind": "rabbitmq_definitions", "vhost": "qa",
    "users": [{"name": "app_a", "password": PASSWORD, "tags": []}],
    "absent_users": ["guest"], "vhost_limits": {"max-connections": 9},
}  # fmt: skip
STATE: dict[str, Any] = {
    "present": True,
    "users": {"app_a": {"password_hash": STORED, "hashing_algorithm": rabbitmq.HASHING, "tags": [""]}},
    "permissions": {"app_a": FULL},
    "limits": {"max-connections": 9},
}
STRANGER = {"password_hash": STORED, "hashing_algorithm": rabbitmq.HASHING, "tags": []}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is imported, and every call of rabbitmqctl."""
    made: list[Any] = []
    monkeypatch.setattr(rabbitmq, "import_definitions", made.append)
    monkeypatch.setattr(rabbitmq, "run", lambda argv, **_: made.append(argv))
    return made


def state(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(STATE) | changes


def from_manifest(thing: Kind) -> Kind:
    return build(thing.record() | {"kind": thing.name})


def seen() -> Kind:
    vhost = build(VHOST)
    assert vhost.differs(STATE) == []
    return from_manifest(vhost)


def test_a_vhost_that_matches_its_passwords_matches_its_record() -> None:
    assert seen().differs(STATE) == []
    assert from_manifest(seen()).differs(STATE) == []
    assert PASSWORD not in str(seen().record())
    assert STORED not in str(seen().record())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"present": False}, ["vhost is missing"]),
        ({"users": {}}, ["user app_a is missing"]),
        ({"users": {"app_a": STATE["users"]["app_a"] | {"password_hash": password_hash("other")}}},
         ["user app_a: password"]),
        ({"users": {"app_a": STATE["users"]["app_a"] | {"tags": ["administrator"]}}}, ["user app_a: tags"]),
        ({"permissions": {}}, ["user app_a: permissions"]),
        ({"permissions": {"app_a": FULL, "eve": FULL}}, ["user eve has permissions on the vhost"]),
        ({"users": {**STATE["users"], "guest": STRANGER}}, ["user guest is there"]),
        ({"limits": {}}, ["limit max-connections"]),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand_is_seen_from_the_record(changes: dict[str, Any], words: list[str]) -> None:
    assert seen().differs(state(**changes)) == words


def test_a_record_of_an_older_version_tells_of_its_users_what_it_can() -> None:
    record = {k: v for k, v in VHOST.items() if k != "users"} | {"user_names": ["app_a"]}
    assert build(record).differs(STATE) == []
    assert build(record).differs(state(users={})) == ["user app_a is missing"]


def test_the_record_is_of_the_password_that_was_applied(calls: list[Any]) -> None:
    vhost = build(VHOST)
    vhost.apply(state(users={}))
    (user,) = calls[0]["users"]
    assert from_manifest(vhost).differs(state(users={"app_a": {**user, "tags": []}})) == []
    assert from_manifest(vhost).differs(STATE) == ["user app_a: password"]


def test_permissions_of_strangers_are_cleared_and_come_back_with_the_state_of_before(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    users = {**STATE["users"], "eve": STRANGER}
    before = state(users=users, permissions={"app_a": FULL, "eve": FULL})
    build(VHOST).apply(before)
    assert calls[1:] == [["rabbitmqctl", "--quiet", "clear_permissions", "--vhost", "qa", "eve"]]
    monkeypatch.setattr(RabbitmqDefinitions, "observe", lambda _self: state(users=users))
    build(VHOST).restore(before)
    assert {p["user"] for p in calls[-1]["permissions"]} == {"app_a", "eve"}
    assert [u["name"] for u in calls[-1]["users"]] == ["app_a"]


def test_a_user_whose_turn_is_over_is_left_alone() -> None:
    wanted = {**VHOST, "users": [{"name": "app_b", "password": PASSWORD, "tags": []}]}
    vhost = build({**wanted, "outgoing_users": ["app_a"]})
    users = STATE["users"] | {"app_b": STATE["users"]["app_a"]}
    both = state(users=users, permissions={"app_a": FULL, "app_b": FULL})
    assert vhost.differs(both) == []
    assert from_manifest(vhost).differs(both) == []
    assert vhost.differs(state(users={"app_b": users["app_b"]}, permissions={"app_b": FULL})) == []
    assert build(wanted).differs(both) == ["user app_a has permissions on the vhost"]


def test_a_login_is_tried_where_a_port_is_given(calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(amqp, "refusal", lambda *words: tried.append(words))
    build(VHOST).apply(state(users={}))
    assert not tried
    build({**VHOST, "port": 5672}).apply(state(users={}))
    assert tried == [(5672, "qa", "app_a", PASSWORD)]
    monkeypatch.setattr(amqp, "refusal", lambda *_: "403 ACCESS_REFUSED")
    with pytest.raises(HostError, match="refuses a login of app_a with the new password"):
        build({**VHOST, "port": 5672}).apply(state(users={}))


def test_the_node_is_asked_first_and_rabbitmqctl_where_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Done:
        returncode = 0
        stdout = 'a warning\n{"vhosts": []}'

    def run(argv: list[str], **_: Any) -> type[Done]:
        asked.append(argv[0])
        return Done

    monkeypatch.setattr(rabbitmq, "run", run)
    monkeypatch.setattr(rabbitmq, "CONTROL", Path("/"))
    whole: dict[str, Any] = {"users": [], "vhosts": [], "permissions": [], "parameters": []}
    monkeypatch.setattr(erlang, "evaluate", lambda _expression: json.dumps(whole).encode())
    assert rabbitmq.definitions() == whole
    assert not asked
    for answer in (None, b'{"users": []}'):
        monkeypatch.setattr(erlang, "evaluate", lambda _expression, said=answer: said)
        assert rabbitmq.definitions() == {"vhosts": []}
    assert asked == ["rabbitmqctl"] * 2
