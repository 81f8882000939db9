"""Whose turn it is."""

from __future__ import annotations

import pytest

from components.turn import Turn


@pytest.mark.parametrize(
    ("number", "slot", "outgoing", "slots"),
    [(0, "a", None, ("a",)), (1, "b", "a", ("a", "b")), (2, "a", "b", ("a", "b")), (5, "b", "a", ("a", "b"))],
)
def test_two_logins_take_turns(number: int, slot: str, outgoing: str | None, slots: tuple[str, ...]) -> None:
    turn = Turn(number)
    assert (turn.slot, turn.outgoing, turn.slots) == (slot, outgoing, slots)


def test_a_slot_keeps_its_password_until_its_next_turn_and_never_has_it_again() -> None:
    turns = {slot: [Turn(n).last(slot) for n in range(1, 6)] for slot in ("a", "b")}
    assert turns == {"a": [0, 2, 2, 4, 4], "b": [1, 1, 3, 3, 5]}
