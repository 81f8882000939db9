"""The queues of a vhost: what the broker answers, and what it is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hostctl import erlang
from hostctl.errors import HostError
from hostctl.kinds import build, rabbitmq_queues
from hostctl.kinds.rabbitmq_queues import POLICY, RabbitmqQueues

WANTED: dict[str, Any] = {
    "kind": "rabbitmq_queues", "vhost": "qa", "queue_type": "quorum", "delivery_limit": 20,
    "dead_letters": "dead-letters",
}  # fmt: skip
OWN = {"vhost": "qa", "name": "dead-letters", "durable": True, "auto_delete": False}
EMPTY: dict[str, Any] = {
    "vhosts": [{"name": "qa", "metadata": {"default_queue_type": "classic"}}],
    "policies": [], "exchanges": [], "queues": [], "bindings": [],
}  # fmt: skip


class Broker:
    """Answers as the node does, and remembers what is imported and every call of rabbitmqctl."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | None = copy.deepcopy(EMPTY)
        self.asked = ""
        self.calls: list[list[str]] = []
        self.imported: list[dict[str, Any]] = []

    def evaluate(self, expression: str) -> bytes | None:
        self.asked = expression
        return None if self.answer is None else json.dumps(self.answer).encode()

    def take(self, content: dict[str, Any]) -> None:
        self.imported.append(content)
        assert self.answer is not None
        for kind in ("policies", "exchanges", "queues", "bindings"):
            self.answer[kind] = copy.deepcopy(content.get(kind, self.answer[kind]))

    def run(self, argv: list[str], **_: Any) -> None:
        self.calls.append(argv[2:])
        assert self.answer is not None
        if argv[2] == "update_vhost_metadata":
            self.answer["vhosts"][0]["metadata"]["default_queue_type"] = argv[-1]
        if argv[2] == "clear_policy":
            self.answer["policies"] = []


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(erlang, "evaluate", made.evaluate)
    monkeypatch.setattr(rabbitmq_queues, "import_definitions", made.take)
    monkeypatch.setattr(rabbitmq_queues, "run", made.run)
    monkeypatch.setattr(rabbitmq_queues, "CONTROL", Path("/"))
    return made


def queues(**changes: Any) -> RabbitmqQueues:
    made = build(WANTED | changes)
    assert isinstance(made, RabbitmqQueues)
    return made


def test_what_is_missing_is_made_and_then_nothing_differs(broker: Broker) -> None:
    thing = queues()
    assert thing.differs(thing.observe()) == [
        "new queues are classic -> quorum",
        f"policy {POLICY} is missing",
        "exchange dead-letters is missing",
        "queue dead-letters is missing",
    ]
    thing.apply(thing.observe())
    assert thing.differs(thing.observe()) == []
    (content,) = broker.imported
    (policy,) = content["policies"]
    assert policy["pattern"] == "^(?!dead-letters$)", "the dead letters' own queue has no way out"
    assert policy["definition"]["dead-letter-strategy"] == "at-least-once"
    assert policy["definition"]["overflow"] == "reject-publish", "without it the strategy has no effect"
    assert broker.calls == [["update_vhost_metadata", "qa", "--default-queue-type", "quorum"]]


def test_names_reach_the_node_as_bytes_and_never_as_erlang(broker: Broker) -> None:
    queues(vhost='x">>, halt(), <<"').observe()
    assert "halt" not in broker.asked
    queues().observe()
    assert "<<113,97>>" in broker.asked


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policies": []}, [f"policy {POLICY} is missing"]),
        ({"bindings": []}, ["dead-letters is not bound"]),
        ({"exchanges": [OWN | {"type": "topic"}]}, ["exchange dead-letters is of type topic, not fanout"]),
        ({"queues": [OWN | {"arguments": {"x-queue-type": "classic"}}]},
         ["queue dead-letters is of type classic, not quorum"]),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand_is_named(broker: Broker, changes: dict[str, Any], words: list[str]) -> None:
    thing = queues()
    thing.apply(thing.observe())
    assert broker.answer is not None
    broker.answer |= changes
    assert thing.differs(thing.observe()) == words


def test_another_limit_is_another_policy(broker: Broker) -> None:
    queues().apply(queues().observe())
    assert queues(delivery_limit=5).differs(queues().observe()) == [f"policy {POLICY}"]


def test_a_queue_of_another_type_is_somebody_s_and_is_not_replaced(broker: Broker) -> None:
    assert broker.answer is not None
    broker.answer["queues"] = [OWN | {"arguments": {}}]
    thing = queues()
    broker.answer["queues"][0]["arguments"] = {"x-queue-type": "classic"}
    assert thing.foreign(thing.observe() or {})
    with pytest.raises(HostError, match="is of type classic, not quorum"):
        thing.apply(thing.observe())
    assert not broker.imported


def test_an_undo_takes_policy_and_type_back_and_keeps_the_letters(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    thing = queues()
    before = thing.observe()
    assert before
    thing.apply(before)
    thing.restore(before)
    after = thing.observe()
    assert after
    assert (after["policy"], after["queue_type"], after["queue"]) == (None, "classic", "quorum")
    assert "the queue dead-letters stays" in capsys.readouterr().err


def test_an_undo_brings_a_former_policy_back(broker: Broker) -> None:
    queues().apply(queues().observe())
    before = queues().observe()
    assert before
    changed = queues(delivery_limit=5)
    changed.apply(before)
    changed.restore(before)
    assert queues().differs(queues().observe()) == []


def test_a_silent_node_is_said(broker: Broker) -> None:
    broker.answer = None
    assert queues().differs(queues().observe()) == ["RabbitMQ does not answer"]
    with pytest.raises(HostError, match="RabbitMQ does not answer"):
        queues().apply(None)
