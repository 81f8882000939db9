"""RabbitMQ's resources, against Pulumi's mocks."""

from __future__ import annotations

import json

import pytest

from components.rabbitmq import Rabbitmq, RabbitmqArgs, RabbitmqSpec
from tests.components.recording import PASSWORD, Recording, record, target

SPEC = RabbitmqSpec(port=5672, management_port=15672, node_name="rabbit@localhost", memory=1 << 30)


def broker(*, protect: bool) -> Recording:
    args = RabbitmqArgs(target=target(), environment="qa", spec=SPEC, protect=protect)
    return record(lambda: Rabbitmq("rabbitmq", args))


def test_the_vhost_follows_the_broker_and_its_user_gets_the_generated_password() -> None:
    recording = broker(protect=True)
    assert "rabbitmq-server" in recording.before("rabbitmq-vhost")
    unit = json.loads(recording["rabbitmq-vhost"].plain("stdin"))
    definitions, queues = unit["things"]
    assert queues["vhost"] == definitions["vhost"]
    assert [(u["name"], u["password"]) for u in definitions["users"]] == [("dhanman_a", PASSWORD)]


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_messages_is_protected_as_asked(protect: bool) -> None:
    assert {r.protect for r in broker(protect=protect).resources if r.custom} == {protect}
