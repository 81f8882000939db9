"""The RabbitMQ broker and an environment's vhost."""

from __future__ import annotations

import pytest

from components.rabbitmq.plan import USERS, RabbitmqSpec, environment_unit, retired_unit, server_unit
from components.turn import Turn
from components.unit import (
    Directory,
    File,
    RabbitmqDefinitions,
    RabbitmqQueues,
    RabbitmqRetiredUser,
    TcpCheck,
)

SPEC = RabbitmqSpec(port=5673, management_port=15673, node_name="rabbit@localhost", memory=1 << 30)


def text(path: str) -> str:
    """The content of the unit's file at this path."""
    return next(t.content for t in server_unit(SPEC).things if isinstance(t, File) and t.path == path)


def test_the_node_name_is_pinned_so_that_a_renamed_host_keeps_its_messages() -> None:
    assert "NODENAME=rabbit@localhost" in text("/etc/rabbitmq/rabbitmq-env.conf").splitlines()


def test_ports_and_limits_come_from_the_settings() -> None:
    lines = text("/etc/rabbitmq/rabbitmq.conf").splitlines()
    assert "listeners.tcp.default = 5673" in lines
    assert "management.tcp.port = 15673" in lines
    assert f"vm_memory_high_watermark.absolute = {1 << 30}" in lines


def test_what_is_for_this_host_alone_listens_on_loopback() -> None:
    assert "prometheus.tcp.ip = 127.0.0.1" in text("/etc/rabbitmq/rabbitmq.conf").splitlines()
    assert "inet_dist_use_interface {127,0,0,1}" in text("/etc/rabbitmq/rabbitmq-env.conf")
    socket = text("/etc/systemd/system/epmd.socket.d/dhanman.conf").splitlines()
    # the empty line takes the package's own address out; without it epmd would have both
    assert socket.index("ListenStream=") < socket.index("ListenStream=127.0.0.1:4369")


def test_plugins_are_one_file_in_erlang_s_notation() -> None:
    assert text("/etc/rabbitmq/enabled_plugins") == "[rabbitmq_management,rabbitmq_prometheus].\n"


def test_messages_are_data() -> None:
    (data,) = [t for t in server_unit(SPEC).things if isinstance(t, Directory)]
    assert (data.path, data.data) == ("/var/lib/rabbitmq", True)


def test_the_broker_counts_as_applied_when_both_ports_answer() -> None:
    assert {c.port for c in server_unit(SPEC).checks if isinstance(c, TcpCheck)} == {5673, 15673}


def test_an_environment_has_one_vhost_one_user_and_no_guest() -> None:
    unit = environment_unit("qa", "not-a-real-password", SPEC, Turn(0))
    (definitions,) = [t for t in unit.things if isinstance(t, RabbitmqDefinitions)]
    assert (unit.name, definitions.vhost) == ("rabbitmq-qa", "qa")
    assert [user.name for user in definitions.users] == [USERS["a"]]
    assert definitions.absent_users == ("guest",)
    assert unit.redact == ("not-a-real-password",)


def test_new_queues_outlive_a_kill_and_what_always_fails_goes_to_the_dead_letters() -> None:
    (queues,) = [
        t for t in environment_unit("qa", "not-real", SPEC, Turn(0)).things if isinstance(t, RabbitmqQueues)
    ]
    assert (queues.vhost, queues.queue_type, queues.delivery_limit) == ("qa", "quorum", 20)
    assert queues.dead_letters == "dead-letters"


def test_a_queue_of_before_may_be_declared_again_as_it_was() -> None:
    relaxed = "quorum_queue.property_equivalence.relaxed_checks_on_redeclaration = true"
    assert relaxed in text("/etc/rabbitmq/rabbitmq.conf").splitlines()


@pytest.mark.parametrize(("number", "active", "outgoing"), [(1, "b", "a"), (2, "a", "b")])
def test_a_rotation_gives_one_user_its_turn_and_leaves_the_other_as_it_is(
    number: int, active: str, outgoing: str
) -> None:
    unit = environment_unit("qa", "not-real", SPEC, Turn(number))
    (definitions,) = [t for t in unit.things if isinstance(t, RabbitmqDefinitions)]
    assert [(user.name, user.password) for user in definitions.users] == [(USERS[active], "not-real")]
    assert definitions.outgoing_users == (USERS[outgoing],)
    assert definitions.port == 5673


def test_before_the_first_rotation_the_document_says_nothing_of_one() -> None:
    document = environment_unit("qa", "not-real", SPEC, Turn(0)).to_json()["things"][0]
    assert not {"outgoing_users", "port"} & document.keys()


def test_a_retired_user_is_tried_with_its_last_password() -> None:
    unit = retired_unit("qa", USERS["a"], "not-real", 5673)
    wanted = RabbitmqRetiredUser(name=USERS["a"], password="not-real", vhost="qa", port=5673)
    assert (unit.name, unit.things, unit.redact) == ("rabbitmq-retired-qa", (wanted,), ("not-real",))
