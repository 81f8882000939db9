"""The generated passwords of a credential that two logins take turns with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random

from components.foreseen import foreseen
from components.turn import Turn

PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A login whose turn is over, with its last password (secret)."""

    name: str
    password: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Both passwords are secret. ``active``: of the login in use. ``outgoing``: of the one that is to be retired."""

    active: pulumi.Output[str]
    outgoing: pulumi.Output[str] | None

    def retiring(self, turn: Turn, logins: Mapping[str, str]) -> Outgoing | None:
        """The login that is to be retired, by its name in ``logins`` (by slot); None before the first rotation."""
        if turn.outgoing is None or self.outgoing is None:
            return None
        return Outgoing(name=logins[turn.outgoing], password=self.outgoing)


def credentials(name: str, turn: Turn, *, protect: bool, parent: pulumi.Resource) -> Credentials:
    """A ``RandomPassword`` ``{name}`` for slot a and, from the first rotation on, ``{name}-b`` for slot b.

    A slot gets a new password at each of its turns, and keeps it until the next one: with the last one the server is
    asked whether it really refuses it. ``protect``: refuse to delete a password that was never rotated; a rotated one
    is replaced, which protection would forbid, and losing it costs no more than another rotation.
    """
    made = {slot: _password(name, slot, turn.last(slot), protect, parent) for slot in turn.slots}
    outgoing = foreseen(made[turn.outgoing].result) if turn.outgoing else None
    return Credentials(active=foreseen(made[turn.slot].result), outgoing=outgoing)


def _password(
    name: str, slot: str, turn: int, protect: bool, parent: pulumi.Resource
) -> random.RandomPassword:
    return random.RandomPassword(
        name if slot == "a" else f"{name}-{slot}",
        length=PASSWORD_LENGTH,
        special=False,
        # a state that was made before the first rotation has none
        keepers={"turn": str(turn)} if turn else None,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect and not turn),
    )
