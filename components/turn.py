"""Whose turn it is: two logins for one purpose, of which one is in use. Pure.

A credential is rotated by giving the other login its turn, moving every consumer, and retiring the former one. So no
login is ever refused: until a consumer has moved, what it logs in with goes on being valid.
"""

from __future__ import annotations

from dataclasses import dataclass

SLOTS = ("a", "b")


@dataclass(frozen=True)
class Turn:
    """``number``: how often the credential was rotated; even ones are slot ``a``'s turn, odd ones ``b``'s."""

    number: int = 0

    @property
    def slot(self) -> str:
        """The login in use."""
        return SLOTS[self.number % 2]

    @property
    def outgoing(self) -> str | None:
        """The login that is to be retired; None before the first rotation, when there never was one."""
        return SLOTS[(self.number + 1) % 2] if self.number else None

    @property
    def slots(self) -> tuple[str, ...]:
        """The logins that there are or were."""
        return SLOTS if self.number else SLOTS[:1]

    def last(self, slot: str) -> int:
        """Number of the slot's latest turn. Each turn has a password of its own."""
        return self.number if slot == self.slot else self.number - 1


FIRST = Turn()
"""Before any rotation."""
