"""The passwords of two logins that take turns, against Pulumi's mocks."""

from __future__ import annotations

import pulumi
import pytest

from components.credentials import credentials
from components.turn import Turn
from tests.components.recording import Recording, record


def passwords(number: int, *, protect: bool = True) -> Recording:
    def program() -> None:
        parent = pulumi.ComponentResource("test:Parent", "parent")
        made = credentials("postgres-password", Turn(number), protect=protect, parent=parent)
        assert (made.outgoing is None) == (number == 0)

    return record(program)


def keepers(recording: Recording) -> dict[str, object]:
    return {r.name: r.inputs.get("keepers") for r in recording.resources if r.custom}


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, {"postgres-password": None}),
        (1, {"postgres-password": None, "postgres-password-b": {"turn": "1"}}),
        (2, {"postgres-password": {"turn": "2"}, "postgres-password-b": {"turn": "1"}}),
        (3, {"postgres-password": {"turn": "2"}, "postgres-password-b": {"turn": "3"}}),
    ],
)
def test_each_turn_replaces_the_password_of_its_own_slot_alone(number: int, wanted: object) -> None:
    assert keepers(passwords(number)) == wanted


def test_before_the_first_rotation_nothing_differs_from_a_state_that_knew_none() -> None:
    (made,) = [r for r in passwords(0).resources if r.custom]
    assert made.inputs == {"length": 32.0, "special": False}
    assert made.protect


@pytest.mark.parametrize("number", [1, 2, 3])
def test_only_a_password_that_was_never_rotated_is_protected(number: int) -> None:
    recording = passwords(number)
    assert recording["postgres-password"].protect == (number == 1)
    assert not recording["postgres-password-b"].protect
    assert not passwords(0, protect=False)["postgres-password"].protect
